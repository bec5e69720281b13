const leavesApart = 'it leaves a writer that hears late of its write with a value of its own';

// Titles of the tests that ask for something the published reference does not do, with the
// reason. With REFERENCE=1 exactly these tests have to fail. A title without the name of a
// client library stands for the test with each of them.
export const referenceDifferences = {
    'available domains are exactly agm, bus, context, global and metrics': 'it serves activity too',
    'an empty login is refused': 'it takes any login that is present',
    'a second hello without an instance on one socket replaces the earlier peer':
        'it makes a second peer, and the first one is never answered again',
    'a second hello with an instance of its own on one socket replaces the earlier peer':
        'it refuses the hello as already seen',
    'connection.reconnect() leaves one peer, whose methods answer (@interopio/core)':
        'the peer of the first hello stays on the socket with methods nobody answers',
    'a method registered during the outage answers after it (@interopio/core)':
        'it keeps both registrations, and the earlier one is not answered',
    'agm requests of a peer that has not joined agm are refused':
        'it registers and removes methods of peers that are not in the domain',
    'a peer of another user is answered for as one that does not exist':
        'it says that the method is unknown, and of unknown peers that they are',
    'malformed methods are not passed on to others':
        'it stores and announces whatever is in the list',
    'setPath into a list is the same for a latecomer as for members':
        'it makes a map of the list, with the one element',
    'an undefined value removes for latecomers, too': 'it keeps null',
    'the names of two users are two contexts': 'it tells newcomers of the contexts of all users',
    'an empty path is a key without letters, as live clients take it':
        'it replaces the whole value, which live clients do not',
    'removing a path that does not exist changes nothing':
        'it makes the path, with null at its end',
    'a newcomer hears of contexts of its own user alone':
        'it tells newcomers of the contexts of all users',
    'a member that hears late of its own write: the same key': leavesApart,
    'a member that hears late of its own write: a key in the same map': leavesApart,
    'a member that hears late of its own write: the map around it': leavesApart,
    'a member that hears late of its own write: another element of the same list': leavesApart,
    'a member that hears late of its own write: all of it': leavesApart,
    'a member that hears late of its own write: a key of what was set': leavesApart,
    'a member that hears late of its own write: the absence of it': leavesApart,
    'a writer that subscribes after its write, and after another one (@interopio/core)':
        leavesApart,
    'a member that hears late of two writes, the second to everything (@interopio/core)':
        leavesApart,
    'a creator that hears late of its context (@interopio/core)': leavesApart,
    'a second creator that hears late of what is there (@interopio/core)': leavesApart,
    'five clients that write the same keys a hundred times': leavesApart,
    'members of the library and newcomers take deltas as the vectors say':
        'it has rules of its own for lists and missing values, and refuses nothing',
    'a later registration of the same name and signatures replaces the earlier':
        'it keeps both registrations',
};
