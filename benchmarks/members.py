"""Members of consumer groups (KIP-848) that hold what they are assigned and read nothing."""
import threading
import time

import groupwire

RETRY_S = 0.1
LOADING, NOT_AVAILABLE, NOT_COORDINATOR = 14, 15, 16


class Member:
    """One member; whoever has it decides when it heartbeats."""

    def __init__(self, port, group, topic):
        self.connection = groupwire.Connection(port)
        self.group, self.topic = group, topic
        self.name, self.epoch, self.owned, self.interval_s = "", 0, {}, 1.0

    def beat(self):
        """One heartbeat. Whether what it holds changed by it, which is to be told at once."""
        joins = self.epoch == 0
        while True:
            request = groupwire.heartbeat(self.group, self.name, self.epoch, [self.topic] if joins else None, self.owned)
            answer = groupwire.HeartbeatAnswer(self.connection.ask(groupwire.CONSUMER_GROUP_HEARTBEAT, 0, request, flexible=True))
            if answer.error not in (LOADING, NOT_AVAILABLE, NOT_COORDINATOR):
                break
            # As clients do; it also makes the topic of the offsets.
            self.connection.ask(groupwire.FIND_COORDINATOR, 0, groupwire.text(self.group))
            time.sleep(RETRY_S)
        if answer.error:
            raise SystemExit(f"a heartbeat was refused with {answer.error}: {answer.message}")
        self.name, self.epoch, self.interval_s = answer.member, answer.epoch, answer.interval_s
        if answer.assignment is None or answer.assignment == self.owned:
            return False
        self.owned = answer.assignment
        return True

    def count(self):
        return sum(map(len, self.owned.values()))


class LivingMember:
    """A member that heartbeats on a thread of its own, as a client does: at the interval it was given, and at once after a change."""

    def __init__(self, port, group, topic):
        self.member = Member(port, group, topic)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._end.set()
        self._thread.join()
        self.member.connection.close()

    def _run(self):
        while not self._end.is_set():
            if not self.member.beat():
                self._end.wait(self.member.interval_s)


def reconciled(members, partitions):
    """Whether all members are in one epoch and hold all partitions evenly."""
    counts = [each.member.count() for each in members]
    return sum(counts) == partitions and max(counts) - min(counts) <= 1 and len({each.member.epoch for each in members}) == 1
