#!/usr/bin/python3
"""Tidemark's tests of confluent-kafka-python: create, write, read and administer a topic (see ScriptClient.cs)."""
import json
import sys
import time

import confluent_kafka as ck
from confluent_kafka import admin as ca

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


{"create": create, "write": write, "read": read, "admin": admin}[sys.argv[1]](*sys.argv[2:])
