"""Who waits for a login, and who has to go."""

from hypothesis import given
from hypothesis import strategies as st

from dash_interop.gateway.admission import Lobby


def test_there_is_room_for_as_many_as_it_has():
    lobby: Lobby[int] = Lobby(3, 3)
    assert [lobby.enter(number, "a") for number in range(3)] == [None] * 3
    assert len(lobby) == 3


def test_the_oldest_of_an_address_makes_room_for_one_of_it():
    lobby: Lobby[int] = Lobby(10, 2)
    lobby.enter(0, "b")
    assert [lobby.enter(number, "a") for number in (1, 2, 3, 4)] == [None, None, 1, 2]
    assert lobby.enter(5, "b") is None


def test_the_busiest_address_makes_room_for_others():
    lobby: Lobby[int] = Lobby(4, 3)
    for number in (1, 2, 3):
        lobby.enter(number, "busy")
    assert lobby.enter(4, "a") is None
    assert lobby.enter(5, "b") == 1
    assert len(lobby) == 4


def test_who_has_left_takes_no_room_and_may_leave_again():
    lobby: Lobby[int] = Lobby(2, 1)
    lobby.enter(1, "a")
    lobby.leave(1)
    lobby.leave(1)
    assert (lobby.enter(2, "a"), len(lobby)) == (None, 1)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=60))
def test_bounds_hold_and_who_just_came_stays(steps):
    lobby: Lobby[int] = Lobby(8, 3)
    inside: dict[int, str] = {}
    for number, (address, enters) in enumerate(steps):
        if enters or not inside:
            gone = lobby.enter(number, str(address))
            inside[number] = str(address)
            assert gone != number
            if gone is not None:
                del inside[gone]
        else:
            leaver = next(iter(inside))
            lobby.leave(leaver)
            del inside[leaver]
        assert len(lobby) == len(inside) <= 8
        assert all(list(inside.values()).count(each) <= 3 for each in inside.values())
