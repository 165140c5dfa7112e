#!/usr/bin/python3
"""Tidemark's tests of kafka-python: create, write, read and administer a topic (see ScriptClient.cs)."""
import json
import sys
import threading
import time

import kafka
from kafka import admin as ka
from kafka import errors

TIMEOUT_S = 30


def text(value):
    return None if value is None else value.decode()


def data(value):
    return None if value is None else value.encode()


def create(bootstrap, topic, partitions):
    client = ka.KafkaAdminClient(bootstrap_servers=bootstrap)
    client.create_topics([ka.NewTopic(topic, int(partitions), 1)])
    client.close()


def write(bootstrap, topic, codec):
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec, acks="all", linger_ms=20)
    sent = []
    for line in sys.stdin:
        r = json.loads(line)
        sent.append(producer.send(topic, key=data(r["key"]), value=data(r["value"]), partition=r["partition"], timestamp_ms=r["timestampMs"],
                                  headers=[(h["name"], data(h["value"])) for h in r["headers"]]))
    producer.flush(TIMEOUT_S)
    for future in sent:
        future.get(TIMEOUT_S)
    producer.close()


def read(bootstrap, topic, partition, start, count):
    consumer = kafka.KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=TIMEOUT_S * 1000, enable_auto_commit=False)
    target = kafka.TopicPartition(topic, int(partition))
    consumer.assign([target])
    offset = int(start.lstrip("@"))
    if start.startswith("@"):
        offset = consumer.offsets_for_times({target: offset})[target].offset
    consumer.seek(target, offset)
    left = int(count)
    for message in consumer:
        headers = [{"name": n, "value": text(v)} for n, v in message.headers]
        print(json.dumps({"offset": message.offset, "timestampMs": message.timestamp, "key": text(message.key), "value": text(message.value), "headers": headers}))
        left -= 1
        if not left:
            break
    consumer.close()


def admin(bootstrap, topic):
    client = ka.KafkaAdminClient(bootstrap_servers=bootstrap)
    client.create_topics([ka.NewTopic(topic, 1, 1, topic_configs={"retention.ms": "86400000"})])
    try:
        client.create_topics([ka.NewTopic(topic, 1, 1)])
        raise AssertionError("created twice")
    except errors.TopicAlreadyExistsError:
        pass
    client.create_partitions({topic: ka.NewPartitions(3)})
    described = client.describe_topics([topic])
    assert len(described[0]["partitions"]) == 3, described
    resource = ka.ConfigResource(ka.ConfigResourceType.TOPIC, topic)
    entries = {e[0]: e for e in client.describe_configs([resource])[0].resources[0][4]}
    assert entries["retention.ms"][1] == "86400000", entries["retention.ms"]
    client.alter_configs([ka.ConfigResource(ka.ConfigResourceType.TOPIC, topic, configs={"max.message.bytes": "20000"})])
    entries = {e[0]: e for e in client.describe_configs([resource])[0].resources[0][4]}
    assert entries["max.message.bytes"][1] == "20000" and entries["retention.ms"][1] != "86400000", "AlterConfigs replaces all keys"
    assert client.describe_cluster()["cluster_id"], "no cluster id"
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap)
    for i in range(10):
        producer.send(topic, value=b"%d" % i, partition=0).get(TIMEOUT_S)
    consumer = kafka.KafkaConsumer(bootstrap_servers=bootstrap)
    target = kafka.TopicPartition(topic, 0)
    assert consumer.beginning_offsets([target])[target] == 0
    assert consumer.end_offsets([target])[target] == 10
    client.delete_topics([topic])
    end = time.monotonic() + TIMEOUT_S
    while topic in client.list_topics():
        assert time.monotonic() < end, "the topic is still listed"


def group(bootstrap, topic):
    client = ka.KafkaAdminClient(bootstrap_servers=bootstrap)
    client.create_topics([ka.NewTopic(topic, 6, 1)])
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap)
    for i in range(600):
        producer.send(topic, value=b"%d" % i, partition=i % 6)
    producer.flush(TIMEOUT_S)

    def member():
        return kafka.KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=topic, auto_offset_reset="earliest", enable_auto_commit=False,
                                   session_timeout_ms=6000, heartbeat_interval_ms=300, max_poll_records=50)

    seen = set()

    def settle(members, counts):
        # Each polls all the time: one that joins stays in its poll until those that have joined come again.
        end = time.monotonic() + TIMEOUT_S
        settled = threading.Event()

        def keep_pulling(m):
            while not settled.is_set():
                pull(m)

        threads = [threading.Thread(target=keep_pulling, args=(m,), daemon=True) for m in members]
        [t.start() for t in threads]
        while sorted(len(m.assignment()) for m in members) != counts:
            assert time.monotonic() < end, [m.assignment() for m in members]
            settled.wait(0.02)
        settled.set()
        [t.join() for t in threads]

    def pull(m):
        for messages in m.poll(timeout_ms=300).values():
            seen.update(int(r.value) for r in messages)

    members = [member() for _ in range(3)]
    settle(members, [2, 2, 2])
    end = time.monotonic() + TIMEOUT_S
    while len(seen) < 600:
        assert time.monotonic() < end, f"{len(seen)} of 600 read"
        [pull(m) for m in members]
    members[0].commit()
    members[0].close()
    settle(members[1:], [3, 3])
    groups = client.describe_consumer_groups([topic])
    assert groups[0].state == "Stable" and len(groups[0].members) == 2, groups
    [m.close() for m in members[1:]]
    assert (topic, "consumer") in [g[:2] for g in client.list_consumer_groups()]
    assert len(client.list_consumer_group_offsets(topic)) >= 2
    client.delete_consumer_groups([topic])
    assert topic not in [g[0] for g in client.list_consumer_groups()]


{"create": create, "write": write, "read": read, "admin": admin, "group": group}[sys.argv[1]](*sys.argv[2:])
