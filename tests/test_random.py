"""Random streams equal PyTorch's, number for number; states and errors too."""

import base64
import copy
import hashlib
import itertools
import json
import math
import pickle
import platform
import threading
import time
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import framework.random as fr
from framework.random import Generator
from framework.random._normal import fma
from framework.random._permutation import shuffled, shuffled_one_by_one

GOLDEN = json.loads((Path(__file__).parent / "golden" / "random.json").read_text())

# log, sin and cos in double precision are the C library's, here and in PyTorch.
same_libm = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the digests come from a machine with glibc")


def weights(size, dtype):
    return ((np.arange(size) * 37 % 101 + 1) / 103).astype(dtype)


def array(values, dtype):
    return np.array(values, dtype=dtype)


CALLS = {
    "uniform": lambda g, n, d, low, high: g.uniform(n, d, low, high),
    "normal": lambda g, n, d, mean, std: g.normal(n, d, mean, std),
    "normal strided": lambda g, n, d, mean, std: g.normal(n, d, mean, std, contiguous=n < 2),
    "normal like": lambda g, n, d: g.normal_like(-weights(n, d), weights(n, d)),
    "normal mean": lambda g, n, d, std: g.normal_like(weights(n, d), std),
    "normal std": lambda g, n, d, mean: g.normal_like(mean, weights(n, d)),
    "integers": lambda g, n, d, low, high: g.integers(low, high, n, d),
    "random_full": lambda g, n, d: g.random_full(n, d),
    "permutation": lambda g, n, d: g.permutation(n, d),
    "bernoulli": lambda g, n, d, p: g.bernoulli(p, n),
    "bernoulli_array": lambda g, n, d: g.bernoulli_array(weights(n, d)),
    "exponential": lambda g, n, d, rate: g.exponential(rate, n, d),
    "cauchy": lambda g, n, d, median, sigma: g.cauchy(median, sigma, n, d),
    "log_normal": lambda g, n, d, mean, std: g.log_normal(mean, std, n, d),
    "geometric": lambda g, n, d, p: g.geometric(p, n, d),
    "multinomial": lambda g, n, d, k, again: g.multinomial(weights(n, d), k, again),
    "multinomial of": lambda g, n, d, p, k, again: g.multinomial(array(p, d), k, again),
    "normal like of": lambda g, n, d, mean, std: g.normal_like(array(mean, d), array(std, d)),
    "bernoulli_array of": lambda g, n, d, p: g.bernoulli_array(array(p, d)),
}


def draw(generator, kind, dtype, size, arguments):
    return CALLS[kind](generator, size, dtype, *arguments)


def digest(values):
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:12]


@same_libm
@pytest.mark.filterwarnings("ignore:.* is out of bounds:UserWarning")
@pytest.mark.parametrize("stream", GOLDEN["streams"], ids=lambda stream: str(stream["seed"]))
def test_a_mixed_stream_is_pytorchs(stream):
    generator = Generator().manual_seed(stream["seed"])
    differing = [
        (position, *each)
        for position, (*each, expected) in enumerate(stream["draws"])
        if digest(draw(generator, *each)) != expected
    ]
    assert differing == []
    assert digest(generator.state_array()) == stream["state"]


@same_libm
def test_first_values():
    generator = Generator().manual_seed(0)
    for *each, expected in GOLDEN["values"]:
        assert draw(generator, *each).tolist() == expected


@pytest.mark.parametrize("case", GOLDEN["refused"], ids=lambda case: "-".join(map(str, case[:4])))
def test_refuses_in_pytorchs_words(case):
    kind, dtype, size, arguments, error, text = case
    with pytest.raises((RuntimeError, NotImplementedError)) as refusal:
        draw(Generator(), kind, dtype, size, arguments)
    assert refusal.type.__name__ == error
    assert str(refusal.value).startswith(text)


@same_libm
def test_a_state_from_pytorch_goes_on_as_there():
    text, draws = GOLDEN["resumed"]
    state = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    generator = Generator()
    generator.set_state_array(state)
    assert generator.initial_seed() == 5
    assert generator.state_array().tobytes() == state.tobytes()
    for *each, expected in draws:
        assert digest(draw(generator, *each)) == expected


@pytest.mark.parametrize("words", [0, 1, 623, 624, 625, 1248])
def test_a_state_goes_on_where_it_was_taken(words):
    generator = Generator().manual_seed(3)
    generator.uniform(words, np.float32)
    generator.normal(1, np.float32)
    state = generator.state_array()
    assert state.dtype == np.uint8 and state.shape == (5056,)
    expected = generator.normal(4, np.float64)

    for copied in (Generator(), copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))):
        copied.set_state_array(state)
        assert (copied.normal(4, np.float64) == expected).all()
        assert copied.initial_seed() == 3

    generator.set_state_array(state)
    for copied in (
        generator.clone_state(),
        copy.deepcopy(generator),
        pickle.loads(pickle.dumps(generator)),
    ):
        assert (copied.normal(4, np.float64) == expected).all()


def test_states_that_are_none():
    generator = Generator().manual_seed(0)
    state = generator.state_array()
    with pytest.raises(TypeError, match=r"^RNG state must be a torch\.ByteTensor$"):
        generator.set_state_array(state.astype(np.float32))
    with pytest.raises(RuntimeError, match="^RNG state must be contiguous$"):
        generator.set_state_array(np.zeros(10112, np.uint8)[::2])
    with pytest.raises(RuntimeError, match="of size 5056 but found the input RNG state size to be 5055"):
        generator.set_state_array(state[1:])
    for left, used in ((0, 0), (625, 0), (1, 1), (-624, 1249)):
        wrong = state.copy()
        wrong[8:12] = np.frombuffer(np.int32(left).tobytes(), np.uint8)
        wrong[16:24] = np.frombuffer(np.uint64(used).tobytes(), np.uint8)
        with pytest.raises(RuntimeError, match="^Invalid mt19937 state$"):
            generator.set_state_array(wrong)
    assert (generator.state_array() == state).all()


def test_state_as_a_tensor():
    from framework.autograd import Tensor

    generator = Generator().manual_seed(1)
    state = generator.get_state()
    assert isinstance(state, Tensor) and state.shape == (5056,)
    expected = generator.uniform(5, np.float32)
    assert generator.set_state(state) is generator
    assert (generator.uniform(5, np.float32) == expected).all()
    with pytest.raises(TypeError, match=r"^expected a torch\.ByteTensor, but got list$"):
        generator.set_state([1, 2])


@pytest.mark.parametrize(
    ("seed", "kept"),
    [(0, 0), (-1, 2**64 - 1), (-(2**63), 2**63), (2**64 - 1, 2**64 - 1), (np.int64(5), 5)],
)
def test_seeds(seed, kept):
    generator = Generator()
    assert generator.manual_seed(seed) is generator
    assert generator.initial_seed() == kept


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_a_seed_has_64_bits(seed):
    with pytest.raises(ValueError, match="^Overflow when unpacking long long"):
        Generator().manual_seed(seed)


@pytest.mark.parametrize("seed", [1.5, "3", None, True])
def test_a_seed_is_an_integer(seed):
    with pytest.raises(RuntimeError, match=f"^manual_seed expected a long, but got {type(seed).__name__}$"):
        Generator().manual_seed(seed)


def test_seeding_forgets_the_kept_normal():
    generator = Generator().manual_seed(0)
    expected = generator.normal(3, np.float32)
    assert (generator.manual_seed(0).normal(3, np.float32) == expected).all()


def test_generators_start_alike_and_the_default_one_anywhere():
    assert Generator().initial_seed() == 67280421310721
    assert (Generator().uniform(3, "f4") == Generator("cpu").uniform(3, "f4")).all()
    generator = Generator()
    seeds = {generator.seed(), generator.seed(), fr.initial_seed(), 67280421310721}
    assert len(seeds) == 4
    assert generator.initial_seed() in seeds


def test_device():
    assert repr(Generator().device) == "device(type='cpu')"
    assert Generator(Generator().device).initial_seed() == 67280421310721
    with pytest.raises(RuntimeError, match="cuda"):
        Generator("cuda")


@pytest.fixture
def default_generator_put_back():
    state = fr.default_generator.state_array()
    yield
    fr.default_generator.set_state_array(state)


@pytest.mark.usefixtures("default_generator_put_back")
def test_the_default_generator():
    assert fr.manual_seed(1.7) is fr.default_generator
    assert fr.initial_seed() == 1
    state = fr.get_rng_state()
    expected = fr.default_generator.uniform(3, np.float32)
    assert fr.set_rng_state(state) is None
    assert (fr.default_generator.uniform(3, np.float32) == expected).all()
    assert fr.seed() == fr.initial_seed() != 1


@pytest.mark.usefixtures("default_generator_put_back")
def test_fork_rng():
    fr.manual_seed(0)
    expected = fr.default_generator.uniform(3, np.float32)
    fr.manual_seed(0)
    with pytest.raises(KeyError), fr.fork_rng(devices=[]):
        assert (fr.default_generator.uniform(3, np.float32) == expected).all()
        raise KeyError
    assert (fr.default_generator.uniform(3, np.float32) == expected).all()
    with fr.fork_rng(enabled=False):
        fr.manual_seed(7)
    assert fr.initial_seed() == 7
    with pytest.raises(RuntimeError, match="the CPU is the only device here"), fr.fork_rng([0]):
        pass


def test_numbers_fill_shapes_in_row_major_order():
    flat = Generator().manual_seed(0).uniform(24, np.float32)
    cube = Generator().manual_seed(0).uniform((2, 3, 4), np.float32)
    assert (cube.ravel() == flat).all()
    assert cube.flags.c_contiguous and cube.flags.writeable


SCALARS = {
    "uniform": lambda g: g.uniform((), np.float32),
    "uniform in a range": lambda g: g.uniform((), np.float64, -1, 2),
    "normal": lambda g: g.normal((), np.float32),
    "normal_like": lambda g: g.normal_like(np.zeros((), np.float32), np.ones((), np.float32)),
    "integers": lambda g: g.integers(0, 10, ()),
    "random_full": lambda g: g.random_full(()),
    "bernoulli": lambda g: g.bernoulli(0.5, ()),
    "bernoulli_array": lambda g: g.bernoulli_array(np.array(0.5)),
    "exponential": lambda g: g.exponential(1, (), np.float32),
    "cauchy": lambda g: g.cauchy(0, 1, (), np.float32),
    "log_normal": lambda g: g.log_normal(0, 1, (), np.float32),
    "geometric": lambda g: g.geometric(0.5, (), np.int64),
}


@pytest.mark.parametrize("name", SCALARS)
def test_shape_without_dimensions_gives_an_array(name):
    value = SCALARS[name](Generator())
    assert isinstance(value, np.ndarray) and value.shape == ()


def test_own_dtypes_are_taken():
    from framework.autograd.dtypes import float64

    assert Generator().uniform(3, float64).dtype == np.float64
    assert Generator().integers(0, 3, 3, float64).dtype == np.float64


def test_normal_like_widens_as_pytorch_does():
    single, double = np.zeros(3, np.float32), np.full(3, 1 / 3)
    wide = Generator().normal(3, np.float32).astype(np.float64) * double
    assert (Generator().normal_like(single, double) == wide.astype(np.float32)).all()
    narrow = Generator().normal(3, np.float32) * np.float32(1 / 3)
    assert (Generator().normal_like(single, np.array(1 / 3)) == narrow).all()
    assert Generator().normal_like(single, np.ones(3, np.int64)).dtype == np.float32
    assert Generator().normal_like(0.0, double).dtype == np.float64


def test_normal_like_broadcasts():
    drawn = Generator().normal_like(np.zeros((2, 1)), np.ones(3))
    assert (drawn == Generator().normal((2, 3), np.float64)).all()


def test_integers_past_what_a_floating_type_holds_warn():
    with pytest.warns(UserWarning, match=r"^to - 1 is out of bounds \[-\(2\^24\), 2\^24\]\.") as caught:
        Generator().integers(0, 2**30, 3, np.float32)
    assert caught[0].filename == __file__


def test_integer_bounds_have_64_bits():
    with pytest.raises(ValueError, match="^Overflow when unpacking long long"):
        Generator().integers(0, 2**63, 3)


def test_extreme_parameters_give_what_arithmetic_gives():
    assert np.isinf(Generator().normal(20, np.float32, 0, math.inf)).all()
    assert np.isinf(Generator().normal(3, np.float64, 0.1, math.inf)).all()
    assert (Generator().exponential(math.inf, 3, np.float32) == 0).all()
    assert np.isinf(Generator().log_normal(1e4, 1, 3, np.float64)).all()
    assert (Generator().bernoulli(1, 100)).all() and not Generator().bernoulli(0, 100).any()


def test_multinomial_counts_categories():
    weights = np.broadcast_to(np.float32(1), 2**24 + 1)
    with pytest.raises(RuntimeError, match=r"^number of categories cannot exceed 2\^24$"):
        Generator().multinomial(weights, 1)


def test_multinomial_prefers_the_first_of_equals():
    weights = np.array([0.0, 0.0, 1.0, 0.0])
    assert Generator().multinomial(weights, 4).tolist() == [2, 0, 1, 3]
    assert Generator().multinomial(np.ones((0, 3)), 2).shape == (0, 2)


class Interrupted(Generator):
    """Lets other threads run in the middle of each call, for longer and shorter."""

    pauses = itertools.cycle((0, 3e-4, 1e-4, 5e-4, 2e-4))

    def _standard_uniform(self, count, dtype):
        time.sleep(next(self.pauses))
        return super()._standard_uniform(count, dtype)


def test_one_call_takes_its_numbers_in_one_piece():
    kinds = (
        lambda g: g.normal(7, np.float64),
        lambda g: g.normal(17, np.float32),
        lambda g: g.uniform(600, np.float32),
    )
    generator, counter = Interrupted().manual_seed(0), Generator().manual_seed(0)
    drawn = {kind: [] for kind in range(3)}

    def work(kind):
        for _ in range(60):
            drawn[kind].append(kinds[kind](generator))

    threads = [threading.Thread(target=work, args=(kind,)) for kind in (0, 0, 0, 0, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Two calls for 7 normals take 8 and 6 uniforms of two words; 17 normals take 17 + 16.
    counter.uniform(60 * (2 * 28 + 33 + 600), np.float32)
    assert (counter.state_array()[8:5024] == generator.state_array()[8:5024]).all()
    normals = np.concatenate(drawn[0])
    assert len(np.unique(normals)) == 4 * 60 * 7


def fisher_yates(target):
    places = list(range(len(target)))
    for i, j in enumerate(target):
        places[i], places[j] = places[j], places[i]
    return places


@given(st.lists(st.integers(0, 1000), max_size=60))
@example([])
@example([0] * 20)
@example([1000] * 20)
def test_shuffled_is_fisher_yates(offsets):
    n = len(offsets)
    target = [i + offset % (n - i) for i, offset in enumerate(offsets)]
    assert shuffled(np.array(target, np.int64)).tolist() == fisher_yates(target)
    assert shuffled_one_by_one(len(target), offsets[:-1]) == fisher_yates(target)


moderate = st.floats(-(2.0**100), 2.0**100, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 2.0**-100)


@given(moderate, moderate, moderate)
@example(1 + 2.0**-52, 1 + 2.0**-52, -1.0)
@example(1 + 2.0**-30, 1 - 2.0**-30, 2.0**-53)
@example(1.6275216335567961, 1.33984375, 2.1570415377137042e-32)
def test_fma_rounds_once(a, b, c):
    assert fma(np.array([a]), b, c)[0] == float(Fraction(a) * Fraction(b) + Fraction(c))


@pytest.mark.parametrize("bits", [24, 32, 53, 64])
def test_few_numbers_are_the_first_of_many(bits):
    few, many = Generator().manual_seed(3), Generator().manual_seed(3)
    assert few._bits(20, bits).tolist() == many._bits(2000, bits)[:20].tolist()
    assert few._bits(7, bits).tolist() == Generator().manual_seed(3)._bits(2000, bits)[20:27].tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_few_uniforms_are_the_first_of_many(dtype):
    few, many = Generator().manual_seed(4), Generator().manual_seed(4)
    assert few.uniform(20, dtype).tolist() == many.uniform(2000, dtype)[:20].tolist()
