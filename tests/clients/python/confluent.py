#!/usr/bin/python3
"""Tidemark's tests of confluent-kafka-python: create, write, read and administer a topic, read it in groups, and use transactions (see ScriptClient.cs)."""
import json
import signal
import subprocess
import sys
import time

import confluent_kafka as ck
from confluent_kafka import admin as ca

from confluent_transactions import transactions

TIMEOUT_S = 30


def text(value):
    return None if value is None else value.decode()


def data(value):
    return None if value is None else value.encode()


def create(bootstrap, topic, partitions):
    client = ca.AdminClient({"bootstrap.servers": bootstrap})
    client.create_topics([ca.NewTopic(topic, int(partitions), 1)])[topic].result(TIMEOUT_S)


def write(bootstrap, topic, codec):
    failed = []
    producer = ck.Producer({"bootstrap.servers": bootstrap, "compression.codec": codec, "enable.idempotence": True, "linger.ms": 20})
    for line in sys.stdin:
        r = json.loads(line)
        producer.produce(topic, key=data(r["key"]), value=data(r["value"]), partition=r["partition"], timestamp=r["timestampMs"],
                         headers=[(h["name"], data(h["value"])) for h in r["headers"]],
                         on_delivery=lambda error, message: failed.append(error) if error else None)
    assert producer.flush(TIMEOUT_S) == 0 and not failed, failed


def read(bootstrap, topic, partition, start, count):
    consumer = ck.Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False, "check.crcs": True})
    offset = int(start.lstrip("@"))
    if start.startswith("@"):
        offset = consumer.offsets_for_times([ck.TopicPartition(topic, int(partition), offset)], TIMEOUT_S)[0].offset
    consumer.assign([ck.TopicPartition(topic, int(partition), offset)])
    left, end = int(count), time.monotonic() + TIMEOUT_S
    while left and time.monotonic() < end:
        message = consumer.poll(1)
        if message is None:
            continue
        assert not message.error(), message.error()
        headers = [{"name": n, "value": text(v)} for n, v in message.headers() or []]
        print(json.dumps({"offset": message.offset(), "timestampMs": message.timestamp()[1], "key": text(message.key()), "value": text(message.value()), "headers": headers}))
        left -= 1
    consumer.close()


def admin(bootstrap, topic):
    client = ca.AdminClient({"bootstrap.servers": bootstrap})
    client.create_topics([ca.NewTopic(topic, 1, 1, config={"retention.ms": "86400000"})])[topic].result(TIMEOUT_S)
    try:
        client.create_topics([ca.NewTopic(topic, 1, 1)])[topic].result(TIMEOUT_S)
        raise AssertionError("created twice")
    except ck.KafkaException as e:
        assert e.args[0].code() == ck.KafkaError.TOPIC_ALREADY_EXISTS, e
    client.create_partitions([ca.NewPartitions(topic, 3)])[topic].result(TIMEOUT_S)
    assert len(client.list_topics(topic, TIMEOUT_S).topics[topic].partitions) == 3
    resource = ca.ConfigResource(ca.ConfigResource.Type.TOPIC, topic)
    entries = client.describe_configs([resource])[resource].result(TIMEOUT_S)
    assert entries["retention.ms"].value == "86400000" and not entries["retention.ms"].is_default, entries["retention.ms"]
    assert entries["segment.bytes"].value == "1073741824" and entries["segment.bytes"].is_default, entries["segment.bytes"]
    changed = ca.ConfigResource(ca.ConfigResource.Type.TOPIC, topic, set_config={"max.message.bytes": "20000"})
    client.alter_configs([changed])[changed].result(TIMEOUT_S)
    entries = client.describe_configs([resource])[resource].result(TIMEOUT_S)
    assert entries["max.message.bytes"].value == "20000" and entries["retention.ms"].is_default, "AlterConfigs replaces all keys"
    write_one = ck.Producer({"bootstrap.servers": bootstrap, "message.max.bytes": 100000})
    errors = []
    write_one.produce(topic, value=b"x" * 50000, partition=0, on_delivery=lambda error, message: errors.append(error))
    write_one.flush(TIMEOUT_S)
    assert errors[0] is not None and errors[0].code() == ck.KafkaError.MSG_SIZE_TOO_LARGE, errors
    client.delete_topics([topic])[topic].result(TIMEOUT_S)
    end = time.monotonic() + TIMEOUT_S
    while topic in client.list_topics(timeout=TIMEOUT_S).topics:
        assert time.monotonic() < end, "the topic is still listed"


PARTITIONS = 6


class Member:
    """A consumer that remembers how often its partitions changed."""

    def __init__(self, bootstrap, topic, group, **settings):
        self.changes = 0
        self.consumer = ck.Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
                                     "session.timeout.ms": 6000, "heartbeat.interval.ms": 300, **settings})
        self.consumer.subscribe([topic], on_assign=self.changed, on_revoke=self.changed)

    def changed(self, *_):
        self.changes += 1

    def owned(self):
        return sorted(t.partition for t in self.consumer.assignment())


def settle(members, counts, what):
    """Polls all members until each owns its count of partitions and all partitions are owned once."""
    end = time.monotonic() + TIMEOUT_S
    while True:
        for m in members:
            message = m.consumer.poll(0.05)
            assert message is None or not message.error(), message.error()
        owned = [m.owned() for m in members]
        if sorted(len(o) for o in owned) == sorted(counts) and sorted(p for o in owned for p in o) == list(range(PARTITIONS)):
            return
        assert time.monotonic() < end, f"{what}: {owned}"


def share(bootstrap, topic, group, strategy):
    conf = {"partition.assignment.strategy": strategy}
    a = Member(bootstrap, topic, group, **conf)
    settle([a], [6], "alone")
    b, c = Member(bootstrap, topic, group, **conf), Member(bootstrap, topic, group, **conf)
    settle([a, b, c], [2, 2, 2], "three")
    c.consumer.close()
    settle([a, b], [3, 3], "after one left")
    d = subprocess.Popen([sys.executable, __file__, "sit", bootstrap, topic, group, strategy])
    settle_with(d, [a, b])
    d.kill()
    d.wait()
    settle([a, b], [3, 3], "after one was killed")
    for t in a.consumer.commit(offsets=[ck.TopicPartition(topic, p, 1) for p in a.owned()], asynchronous=False):
        assert t.error is None and t.offset == 1, t
    mine = a.owned()
    a.consumer.close()
    settle([b], [6], "the last")
    committed = {t.partition: t.offset for t in b.consumer.committed([ck.TopicPartition(topic, p) for p in range(PARTITIONS)], TIMEOUT_S)}
    assert committed == {p: 1 if p in mine else ck.OFFSET_INVALID for p in range(PARTITIONS)}, committed
    b.consumer.close()


def settle_with(process, members):
    """Polls until a member of another process has its third."""
    end = time.monotonic() + TIMEOUT_S
    while sum(len(m.owned()) for m in members) != 4:
        assert time.monotonic() < end and process.poll() is None, "the third member gets nothing"
        for m in members:
            m.consumer.poll(0.05)


def sit(bootstrap, topic, group, strategy):
    signal.alarm(4 * TIMEOUT_S)
    member = Member(bootstrap, topic, group, **{"partition.assignment.strategy": strategy})
    while True:
        member.consumer.poll(0.1)


def group(bootstrap, topic):
    create(bootstrap, topic, PARTITIONS)
    producer = ck.Producer({"bootstrap.servers": bootstrap})
    for i in range(60):
        producer.produce(topic, value=b"%d" % i, partition=i % PARTITIONS)
    assert producer.flush(TIMEOUT_S) == 0
    for strategy in ("range", "cooperative-sticky"):
        share(bootstrap, topic, f"{topic}-{strategy}", strategy)

    static = f"{topic}-static"
    a, b = Member(bootstrap, topic, static), Member(bootstrap, topic, static, **{"group.instance.id": "b"})
    settle([a, b], [3, 3], "a static member")
    before, changes = b.owned(), a.changes
    b.consumer.close()
    b = Member(bootstrap, topic, static, **{"group.instance.id": "b"})
    settle([a, b], [3, 3], "the static member is back")
    assert b.owned() == before and a.changes == changes, f"{before} became {b.owned()}, and the other saw {a.changes - changes} changes"

    client = ca.AdminClient({"bootstrap.servers": bootstrap})
    described = client.list_groups(static, TIMEOUT_S)[0]
    assert described.state == "Stable" and described.protocol_type == "consumer" and len(described.members) == 2, described.state
    assert all(m.client_host.startswith("/") and m.metadata and m.assignment for m in described.members)
    a.consumer.close()
    b.consumer.close()
    listed = {g.id: g.state for g in client.list_groups(timeout=TIMEOUT_S)}
    assert listed[f"{topic}-range"] == "Empty" and listed[f"{topic}-cooperative-sticky"] == "Empty", listed


{"create": create, "write": write, "read": read, "admin": admin, "group": group, "sit": sit, "transactions": transactions}[sys.argv[1]](*sys.argv[2:])
