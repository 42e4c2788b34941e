"""no_grad and its kin, as contexts, decorators and generators, thread by thread."""

import threading

import framework as torch


def test_no_grad_nests_with_enable_grad():
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_it_comes_back_after_an_exception():
    try:
        with torch.no_grad():
            raise KeyError
    except KeyError:
        pass
    assert torch.is_grad_enabled()


def test_decorators_with_and_without_parentheses():
    @torch.no_grad()
    def a():
        return torch.is_grad_enabled()

    @torch.no_grad
    def b():
        return torch.is_grad_enabled()

    @torch.enable_grad()
    def c():
        return torch.is_grad_enabled()

    @torch.inference_mode()
    def d():
        return torch.is_inference_mode_enabled()

    assert not a() and not b() and c() and d()
    with torch.no_grad():
        assert c() and not torch.is_grad_enabled()
    assert a.__name__ == "a"


def test_a_decorated_generator_holds_the_mode_only_inside():
    @torch.no_grad()
    def generate():
        received = yield torch.is_grad_enabled()
        assert received == "sent"
        try:
            yield torch.is_grad_enabled()
        except ValueError:
            yield torch.is_grad_enabled()

    generator = generate()
    assert next(generator) is False
    assert torch.is_grad_enabled()
    assert generator.send("sent") is False
    assert generator.throw(ValueError()) is False
    assert torch.is_grad_enabled()


def test_set_grad_enabled_acts_at_once_and_as_a_context():
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_each_thread_has_its_own():
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_infinities_are_values_not_warnings_in_every_thread():
    def work():
        seen.append((torch.ones(1) / 0).item())

    seen = []
    work()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [float("inf")] * 2


def test_set_grad_enabled_as_a_decorator():
    @torch.set_grad_enabled(False)
    def inside():
        return torch.is_grad_enabled()

    assert [inside(), inside(), torch.is_grad_enabled()] == [False, False, True]


def test_nothing_is_recorded_in_inference_mode():
    w = torch.ones(3, requires_grad=True)
    with torch.inference_mode(), torch.enable_grad():
        y = w * 2
        assert torch.is_grad_enabled()
    assert y.is_inference() and not y.requires_grad
    with torch.inference_mode(), torch.inference_mode(False):
        assert (w * 2).requires_grad


def test_values_may_be_read_where_nothing_is_recorded():
    w = torch.ones(3, requires_grad=True)
    with torch.no_grad():
        assert w.numpy().tolist() == [1.0, 1.0, 1.0]


def test_anomaly_mode_switched_on_where_nothing_is_recorded_stays_on():
    with torch.no_grad():
        torch.autograd.set_detect_anomaly(True)
    try:
        assert (torch.ones(1, requires_grad=True) * 2).grad_fn.trace
    finally:
        torch.autograd.set_detect_anomaly(False)
