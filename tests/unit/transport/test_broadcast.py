"""Frames for several readers: added once, the same at each of them as frames of its own."""

import pytest

from dash_interop.transport.broadcast import MAX_FRAMES, MAX_SIZE, Broadcast, texts_of

HEADS = (b"<a>",)


def test_copy_has_all_that_is_added_in_order_with_the_heads_of_its_reader():
    broadcast = Broadcast(b"1")
    one, two = broadcast.copy((b"<a>",)), broadcast.copy((b"<b>", b"<cc>"))
    assert broadcast.add(b"22")
    assert one.texts() == [b"<a>1", b"<a>22"]
    assert two.texts() == [b"<b>1", b"<cc>1", b"<b>22", b"<cc>22"]
    for copy in (one, two):
        assert (copy.count, copy.size) == (len(copy.texts()), len(b"".join(copy.texts())))


def test_nothing_is_added_once_one_reader_has_enough():
    broadcast = Broadcast(b"1")
    one, two = broadcast.copy((b"<a>",)), broadcast.copy((b"<b>",))
    one.end()
    assert not broadcast.add(b"2")
    assert two.texts() == [b"<b>1"]


def test_broadcast_is_full_with_so_many_frames():
    broadcast = Broadcast(b"1")
    assert [broadcast.add(b"x") for _ in range(MAX_FRAMES)] == [True] * (MAX_FRAMES - 1) + [False]


@pytest.mark.parametrize("heads", [1, 2, 8])
def test_broadcast_is_full_with_so_many_bytes_for_the_reader_that_gets_most(heads):
    tail = b"x" * (MAX_SIZE // 8)
    broadcast = Broadcast(tail)
    greedy = broadcast.copy((b"h",) * heads)
    broadcast.copy(HEADS)
    added = 1
    while broadcast.add(tail):
        added += 1
    assert added == 8 // heads
    assert greedy.size - greedy.count <= MAX_SIZE


def test_first_frame_may_be_longer_than_the_rest_together():
    broadcast = Broadcast(b"x" * (MAX_SIZE + 1))
    assert not broadcast.add(b"")
    assert broadcast.copy(HEADS).size == MAX_SIZE + 1 + len(HEADS[0])


def test_frames_and_copies_are_one_row_of_texts():
    broadcast = Broadcast(b"2")
    copy = broadcast.copy((b"", b"+"))
    broadcast.add(b"3")
    assert list(texts_of([b"1", copy, b"4"])) == [b"1", b"2", b"+2", b"3", b"+3", b"4"]
