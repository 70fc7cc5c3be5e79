"""The words of the event engine, and in which order things happen.

Events at the same time happen in the order of their kinds below, those of one kind in the order in which
they were foreseen. What an event sets free is given away before the next event: stations are looked at in the
reverse order in which they were touched, parts that wait are taken first come first served unless their
priority is higher, idle vehicles by distance and number, workers by the number of their team, free servers by
how long they have been free, then by number.
"""

SHIFT = 48
"""Bits of an event's rank that number the events; its kind stands above them."""
FINISHED, REPAIRED, DROPPED, ARRIVED, PICKED, RELEASED, FAILED, BROKEN, CALENDAR = range(9)
"""Kinds of events: a server's setup or work ends; its repair ends; a vehicle unloads; a part leaves a
conveyor; a vehicle loads; a source gives a part; a failure of operating time; one of calendar time; a break
begins or ends."""
EMPTY, HELD, SETUP, WORK, BLOCKED = range(5)
"""What a server does: nothing; its part waits for a worker; setup; work; its part waits to go on."""
STARVED, WAITING, SETTING, WORKING, STUCK, DOWN, OFF, STANDBY = range(8)
"""States that time is counted in; the first five are the phases while neither broken nor off."""
NO_CLOCK, OPERATING, CALENDRICAL = range(3)
"""What the time to a failure runs on."""
OUT, SCRAPPED, AGAIN = -1, -2, -3
"""Where a part goes that takes no route: out of the line, to scrap, or back to work in its place."""
AT_ONCE, CONVEYED, DRIVEN = range(3)
"""Kinds of routes."""
RUNNING, DONE, HORIZON, DRAINED, DEADLOCK, ENDLESS, FULL, DRAWS_SPENT = range(8)
"""Why a kernel returned: budget spent; parts made; time over; no part left; parts that can never move; too
many events in no time; no room for another part; given draws used up."""
CONSTANT, LAW, UNIFORM, GIVEN = range(4)
"""Where a stream's numbers come from."""
NONE = -1
NEVER = float("inf")
