"""Tables and pictures of times that are known."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from framework.profiler import Span, flame_graph
from framework.profiler.flame import MARGIN, WIDTH, boxes
from framework.profiler.report import by_operation, by_part, seconds_text, shares, table_text

SVG = "{http://www.w3.org/2000/svg}"


def known() -> Span:
    """Ten seconds of training."""
    tree = Span("whole", "training")
    tree.add(10.0)
    tree.inside("part", "reading data").add(1.0, 4)
    step = tree.inside("part", "step")
    step.add(5.0, 4)
    forward = step.inside("section", "forward")
    forward.add(2.0, 4)
    forward.inside("line", "dot(x, w, out=t1)", "4×2 float32", "forward", "dot").add(1.5, 4)
    forward.inside("line", "refuse_nonfinite(loss)", "", "forward", "refuse_nonfinite").add(0.5, 4)
    backward = step.inside("section", "backward")
    backward.add(1.0, 4)
    loop = backward.inside("line", "for a in blocks:", "", "backward", "for")
    loop.add(1.0, 4)
    loop.inside("line", "add(a, b, out=c)", "64 float32", "backward", "add").add(0.75, 16)
    step.inside("profiling", "profiling").add(0.5, 4)
    step.inside("part", "tracing").add(0.5, 1)
    step.inside("part", "tracing").inside("section", "forward").add(0.25, 1)
    validation = tree.inside("hook", "validate", "framework")
    validation.add(2.0, 1)
    validation.inside("part", "step").add(1.0, 2)
    hook = tree.inside("hook", "after_step", "progress")
    hook.add(0.5, 4)
    # An operation of a plugin's hook is the hook's; one of the loop itself, the loop's.
    hook.inside("section", "forward").add(0.25, 4)
    tree.inside("section", "forward").add(0.5, 4)
    return tree


def test_every_moment_is_in_one_row():
    rows = {row.name: (row.calls, row.seconds) for row in by_part(known())}
    assert rows == {
        "reading data": (4, 1.0),
        "around the operations": (4, 1.0),
        "forward": (4, 1.5),
        "finite check": (4, 0.5),
        "backward": (4, 1.0),
        "profiling itself": (4, 0.5),
        "tracing and checking": (1, 0.5),
        "validation": (1, 2.0),
        "hook after_step of progress": (4, 0.5),
        "the loop: metrics and the rest": (1, 1.5),
    }
    assert sum(seconds for _, seconds in rows.values()) == 10.0


def test_a_plugin_that_wraps_validation_has_a_row_of_its_own():
    tree = known()
    tree.inside("hook", "validate", "average").add(0.25, 1)
    assert {row.name for row in by_part(tree)} >= {"validation", "hook validate of average"}


def test_operations_are_sorted_and_a_loops_own_time_is_told():
    rows = [(row.name, row.calls, row.seconds, row.section, row.detail) for row in by_operation(known())]
    assert rows == [
        ("dot(x, w, out=t1)", 4, 1.5, "forward", "4×2 float32"),
        ("add(a, b, out=c)", 16, 0.75, "backward", "64 float32"),
        ("refuse_nonfinite(loss)", 4, 0.5, "forward", ""),
        ("for a in blocks: the loop itself", 4, 0.25, "backward", ""),
    ]


def test_the_table_sums_up_what_it_leaves_out():
    text = table_text(by_operation(known()), "operations", limit=2, detailed=True)
    assert text == (
        "calls   total     mean   share  section   result       operations\n"
        "    4  1.50 s   375 ms  50.0 %  forward   4×2 float32  dot(x, w, out=t1)\n"
        "   16  750 ms  46.9 ms  25.0 %  backward  64 float32   add(a, b, out=c)\n"
        "    8  750 ms  93.8 ms  25.0 %                         2 others\n"
    )
    assert table_text([], "operations") == "calls  total  mean  share  operations\n"


@pytest.mark.parametrize("numbers", [[1, 1, 1], [1e-9, 5, 7, 11, 13], [3] * 7, [1], [1, 0, 0]])
def test_shares_add_up_to_a_hundred(numbers):
    found = shares(numbers)
    assert sum(round(each * 10) for each in found) == 1000
    exact = [each / sum(numbers) * 100 for each in numbers]
    assert all(abs(one - other) < 0.1 for one, other in zip(found, exact, strict=True))


def test_shares_of_nothing():
    assert shares([]) == [] and shares([0.0, 0.0]) == [0.0, 0.0]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.00 µs"), (4.2e-7, "0.42 µs"), (12.34e-6, "12.3 µs"), (0.00099996, "1.00 ms"), (0.0999, "99.9 ms"),
     (0.09999, "100 ms"), (1.234, "1.23 s"), (3601.0, "3,601 s")],
)  # fmt: skip
def test_times_have_three_digits(seconds, text):
    assert seconds_text(seconds) == text


def test_the_boxes_lie_inside_each_other_and_their_widths_add_up():
    drawn = boxes(known())
    assert (drawn[0].label, drawn[0].depth, drawn[0].left, drawn[0].right) == ("training", 0, 0.0, 1.0)
    by_label = {box.label: box for box in drawn}
    assert by_label["step"].right - by_label["step"].left == pytest.approx(0.5)
    assert by_label["validate of framework"].right - by_label["validate of framework"].left == pytest.approx(0.2)
    for box in drawn[1:]:
        assert any(
            other.depth == box.depth - 1 and other.left - 1e-9 <= box.left and box.right <= other.right + 1e-9
            for other in drawn
        )
    for depth in {box.depth for box in drawn}:
        row = sorted((box.left, box.right) for box in drawn if box.depth == depth)
        assert all(one[1] <= other[0] + 1e-9 for one, other in zip(row, row[1:], strict=False))


def test_narrow_boxes_are_drawn_as_one():
    tree = Span("whole", "training")
    tree.add(1.0)
    tree.inside("part", "wide").add(0.9)
    for number in range(1000):
        tree.inside("part", f"narrow {number}").add(5e-5)
    assert [box.label for box in boxes(tree)[1:]] in (["1000 others", "wide"], ["wide", "1000 others"])
    assert boxes(Span("whole", "nothing"))[0].right == 1.0


def test_the_picture_is_xml_and_says_on_hover_what_a_box_is():
    tree = known()
    tree.inside("part", "a < b & \"c\" 'd'").add(0.4, 3)
    root = ElementTree.fromstring(flame_graph(tree, "Times of <x>"))
    assert root.tag == f"{SVG}svg" and "Times of <x>" in [each.text for each in root.iter(f"{SVG}text")]
    groups = root.findall(f"{SVG}g")
    assert len(groups) == len(boxes(tree))
    titles = [group.findtext(f"{SVG}title") for group in groups]
    assert "a < b & \"c\" 'd': 400 ms, 4.0 % of all, 3 calls" in titles
    assert "training: 10.0 s, 100.0 % of all, 1 call" in titles
    widths = [float(each.get("width")) for each in root.iter(f"{SVG}rect")]
    assert widths[0] == WIDTH - 2 * MARGIN == max(widths) and min(widths) > 0
    text = flame_graph(tree)
    assert "prefers-color-scheme: dark" in text
    assert text.count("http") == 1, "it must need nothing from elsewhere: the one address is SVG's own name"
