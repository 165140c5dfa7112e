"""The figures of consumer groups and transactions."""
import os
import random
import signal
import statistics
import time

import groupwire
import members
import steady
import transactions
from figures import Figure, Group

COMMITTERS, COMMITTED, COMMITS_S, COMMITTING_S = 20, 50, 10, 20
MEMBERS, ASSIGNED, JOINS = 50, 500, 3
IDLE_GROUPS, IDLE_MEMBERS, IDLE_S = 20, 1000, 20
LOADED_KEYS, LOADED_OFFSETS, LOADED_AT_ONCE = 100000, 1000000, 100
WAIT_S_MAX = 120


def absent():
    return ([figure.name for figure in ALL], steady.absence()) if steady.absence() else ([], None)


def committing(broker, options):
    """20 groups that each commit 50 partitions ten times a second."""
    broker.start()
    steady.create_topic(broker.bootstrap, "committed", COMMITTED, replicas=1)
    connections = [groupwire.Connection(broker.port) for _ in range(COMMITTERS)]
    found = {}
    for seconds in (COMMITTING_S / 4, COMMITTING_S):
        rounds = max(int(seconds * options.scale * COMMITS_S), 2)
        before, began = broker.cpu_s(), time.monotonic()
        for turn in range(rounds):
            for index, connection in enumerate(connections):
                wait_until(began + (turn + index / COMMITTERS) / COMMITS_S)
                commit(connection, f"committer-{index}", {"committed": dict.fromkeys(range(COMMITTED), turn)})
        found["a commit of 50 partitions, CPU"] = (broker.cpu_s() - before) * 1000 / (rounds * COMMITTERS)
    return found


def transacting(broker, options):
    """Reads 100 records, writes 100 records and commits both in one transaction, as often as it can."""
    broker.start()
    found = {}
    for count in (100, 500):
        count = max(int(count * options.scale), 10)
        before = broker.cpu_s()
        seconds = transactions.read_process_write(broker.bootstrap, f"turn{count}", count)
        found["read-process-write of 100 records, speed"] = count / seconds
        found["read-process-write of 100 records, CPU"] = (broker.cpu_s() - before) * 1000 / count
    return found


def joining(broker, options):
    """One more member joins 50 that share 500 partitions; until all hold their share. The median of three."""
    broker.start()
    steady.create_topic(broker.bootstrap, "shared", ASSIGNED, replicas=1)
    living, took = [], []
    for _ in range(MEMBERS):
        living.append(members.LivingMember(broker.port, "rebalanced", "shared"))
    settle(living)
    for _ in range(JOINS):
        # Not in step with the heartbeats of the others.
        time.sleep(random.Random(len(living)).uniform(0, 2))
        began = time.monotonic()
        living.append(members.LivingMember(broker.port, "rebalanced", "shared"))
        settle(living)
        took.append(time.monotonic() - began)
    for each in living:
        each.stop()
    return {"one joins 50 members with 500 partitions, until reconciled": statistics.median(took)}


def idling(broker, options):
    """1,000 members of 20 groups that only heartbeat."""
    broker.start()
    steady.create_topic(broker.bootstrap, "idle", 50, replicas=1)
    all_members = [members.Member(broker.port, f"idle-{index % IDLE_GROUPS}", "idle") for index in range(max(int(IDLE_MEMBERS * options.scale), IDLE_GROUPS))]
    began, turns = time.monotonic(), 0
    settled = False
    while not settled:
        # In a list, so that everybody has a turn.
        settled = not any([each.beat() for each in all_members]) and len({(each.group, each.epoch) for each in all_members}) == IDLE_GROUPS
        if time.monotonic() - began > WAIT_S_MAX:
            raise SystemExit(f"{broker.side}: {len(all_members)} members are not reconciled within {WAIT_S_MAX} s")
    interval = max(each.interval_s for each in all_members)
    began, before = time.monotonic(), broker.cpu_s()
    while time.monotonic() - began < IDLE_S:
        for index, each in enumerate(all_members):
            wait_until(began + (turns + index / len(all_members)) * interval)
            each.beat()
        turns += 1
    return {"1,000 members that heartbeat, CPU": (broker.cpu_s() - before) / (time.monotonic() - began) * 100}


def loading(cluster, options):
    """100,000 offsets of 1,000 groups, committed ten times each; their coordinator's node is stopped, and another answers with them."""
    cluster.start()
    steady.create_topic(cluster.bootstrap, "loaded", LOADED_AT_ONCE)
    groups = same_coordinator(max(int(LOADED_KEYS * options.scale) // LOADED_AT_ONCE, 2))
    coordinator = find_coordinator(cluster, groups[0])
    connection = groupwire.Connection(coordinator.port)
    for turn in range(LOADED_OFFSETS // LOADED_KEYS):
        for group in groups:
            commit(connection, group, {"loaded": dict.fromkeys(range(LOADED_AT_ONCE), turn)})
    connection.close()
    began = time.monotonic()
    os.kill(coordinator.pid, signal.SIGTERM)
    while True:
        for node in cluster.nodes:
            if node is not coordinator and holds(node, groups):
                took = time.monotonic() - began
                coordinator.process.wait(WAIT_S_MAX)
                return {"1,000,000 committed offsets, another node takes over": took}
        if time.monotonic() - began > WAIT_S_MAX:
            raise SystemExit(f"{cluster.side}: nobody has the offsets within {WAIT_S_MAX} s")
        time.sleep(0.01)


def same_coordinator(count):
    """Names of groups that lie in one partition of the offsets' topic, which has 50: by the hash of a string in Java."""
    found, number = [], 0
    while len(found) < count:
        name, value = f"loaded-{number}", 0
        for letter in name:
            value = (31 * value + ord(letter)) & 0xFFFFFFFF
        if (value & 0x7FFFFFFF) % 50 == 0:
            found.append(name)
        number += 1
    return found


def find_coordinator(cluster, group):
    """The node that takes a commit of the group."""
    began = time.monotonic()
    while time.monotonic() - began < WAIT_S_MAX:
        for node in cluster.nodes:
            connection = groupwire.Connection(node.port)
            connection.ask(groupwire.FIND_COORDINATOR, 0, groupwire.text(group))
            errors = groupwire.commit_errors(connection.ask(groupwire.OFFSET_COMMIT, 2, groupwire.commit(group, {"loaded": {0: 0}})))
            connection.close()
            if not errors:
                return node
        time.sleep(0.1)
    raise SystemExit(f"{cluster.side}: no node takes commits within {WAIT_S_MAX} s")


def holds(node, groups):
    """Whether the node answers with all that the first and the last group committed."""
    try:
        connection = groupwire.Connection(node.port)
        answers = [groupwire.fetched(connection.ask(groupwire.OFFSET_FETCH, 2, groupwire.text(group) + b"\xff\xff\xff\xff")) for group in (groups[0], groups[-1])]
        connection.close()
    except OSError:
        return False
    return answers == [(0, LOADED_AT_ONCE)] * 2


def commit(connection, group, offsets):
    began = time.monotonic()
    while errors := groupwire.commit_errors(connection.ask(groupwire.OFFSET_COMMIT, 2, groupwire.commit(group, offsets))):
        if set(errors) - {members.LOADING, members.NOT_AVAILABLE, members.NOT_COORDINATOR} or time.monotonic() - began > WAIT_S_MAX:
            raise SystemExit(f"a commit was refused: {errors}")
        connection.ask(groupwire.FIND_COORDINATOR, 0, groupwire.text(group))
        time.sleep(0.05)


def settle(living):
    began = time.monotonic()
    while not members.reconciled(living, ASSIGNED):
        if time.monotonic() - began > WAIT_S_MAX:
            raise SystemExit(f"{len(living)} members are not reconciled within {WAIT_S_MAX} s")
        time.sleep(0.005)


def wait_until(moment):
    time.sleep(max(moment - time.monotonic(), 0))


ALL = [Figure("a commit of 50 partitions, CPU", "ms", 0.3), Figure("read-process-write of 100 records, speed", "1/s", 2, True),
       Figure("read-process-write of 100 records, CPU", "ms", 0.3), Figure("one joins 50 members with 500 partitions, until reconciled", "s", 0.7),
       Figure("1,000,000 committed offsets, another node takes over", "s", 0.2), Figure("1,000 members that heartbeat, CPU", "% of a core", 0.3)]

GROUPS = [Group(["a commit of 50 partitions, CPU"], committing),
          Group(["read-process-write of 100 records, speed", "read-process-write of 100 records, CPU"], transacting),
          Group(["one joins 50 members with 500 partitions, until reconciled"], joining),
          Group(["1,000 members that heartbeat, CPU"], idling),
          Group(["1,000,000 committed offsets, another node takes over"], loading, nodes=3)]
