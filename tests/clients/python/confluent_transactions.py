"""Tidemark's tests of transactions by confluent-kafka-python, as confluent.py runs them (see ScriptClient.cs)."""
import collections
import time

import confluent_kafka as ck
from confluent_kafka import admin as ca

TIMEOUT_S = 30
PARTITIONS = 2


def begun(bootstrap, transactional_id):
    """A producer whose transactional id is its own from now on."""
    producer = ck.Producer({"bootstrap.servers": bootstrap, "transactional.id": transactional_id, "transaction.timeout.ms": 60000, "linger.ms": 0})
    producer.init_transactions(TIMEOUT_S)
    return producer


def put(producer, topic, values):
    """Produces values within a transaction and waits until the log has them."""
    failed = []
    for i, value in enumerate(values):
        producer.produce(topic, value=value.encode(), partition=i % PARTITIONS, on_delivery=lambda error, _: failed.append(error) if error else None)
    assert producer.flush(TIMEOUT_S) == 0 and not failed, failed


def seen(bootstrap, topic, isolation):
    """All values that a reader of this isolation level comes by before the end of each partition, as it sees that end."""
    consumer = ck.Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False, "enable.partition.eof": True,
                            "isolation.level": isolation, "check.crcs": True})
    consumer.assign([ck.TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
    values, ended, end = [], set(), time.monotonic() + TIMEOUT_S
    while len(ended) < PARTITIONS:
        assert time.monotonic() < end, f"{isolation} came to the end of {ended}, with {values}"
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            assert message.error().code() == ck.KafkaError._PARTITION_EOF, message.error()
            ended.add(message.partition())
        else:
            values.append(message.value().decode())
    consumer.close()
    return sorted(values)


def becomes_seen(bootstrap, topic, values):
    """A commit is answered when it is decided, and the partitions are told afterwards: so a reader sees these values soon, and never any other."""
    end = time.monotonic() + TIMEOUT_S
    while (read := seen(bootstrap, topic, "read_committed")) != sorted(values):
        assert not collections.Counter(read) - collections.Counter(values), f"{read} was seen, {values} was committed"
        assert time.monotonic() < end, f"only {read} is seen, {values} was committed"


def refused(call, *codes):
    try:
        call()
    except ck.KafkaException as e:
        assert e.args[0].code() in codes, f"{e.args[0].code()} is none of {codes}: {e}"
        return e.args[0]
    raise AssertionError(f"nothing was refused, {codes} was due")


def names(prefix, count=10):
    return [f"{prefix}{i}" for i in range(count)]


def commits_and_aborts(bootstrap, topic):
    producer = begun(bootstrap, topic)
    producer.begin_transaction()
    put(producer, topic, names("first"))
    producer.commit_transaction(TIMEOUT_S)
    becomes_seen(bootstrap, topic, names("first"))
    producer.begin_transaction()
    put(producer, topic, names("aborted"))
    producer.abort_transaction(TIMEOUT_S)
    producer.begin_transaction()
    put(producer, topic, names("last"))
    assert seen(bootstrap, topic, "read_committed") == names("first"), "the last transaction is open"
    assert seen(bootstrap, topic, "read_uncommitted") == sorted(names("first") + names("aborted") + names("last"))
    producer.commit_transaction(TIMEOUT_S)
    becomes_seen(bootstrap, topic, names("first") + names("last"))


def offsets_go_with_the_transaction(bootstrap, topic, output):
    producer = begun(bootstrap, output)
    consumer = ck.Consumer({"bootstrap.servers": bootstrap, "group.id": output, "auto.offset.reset": "earliest", "enable.auto.commit": False,
                            "isolation.level": "read_committed"})
    consumer.subscribe([topic])
    read, end = [], time.monotonic() + TIMEOUT_S
    while len(read) < 20:
        assert time.monotonic() < end, f"only {len(read)} records came"
        message = consumer.poll(1)
        if message is not None:
            assert not message.error(), message.error()
            read.append(message.value().decode())
    all_partitions = [ck.TopicPartition(topic, p) for p in range(PARTITIONS)]

    def copy():
        producer.begin_transaction()
        put(producer, output, read)
        producer.send_offsets_to_transaction(consumer.position(consumer.assignment()), consumer.consumer_group_metadata(), TIMEOUT_S)

    def committed():
        return [t.offset for t in consumer.committed(all_partitions, TIMEOUT_S)]

    copy()
    producer.abort_transaction(TIMEOUT_S)
    assert committed() == [ck.OFFSET_INVALID] * PARTITIONS, committed()
    copy()
    positions = [t.offset for t in consumer.position(all_partitions)]
    producer.commit_transaction(TIMEOUT_S)
    assert committed() == positions, f"{committed()} are committed, {positions} was reached"
    becomes_seen(bootstrap, output, read)
    consumer.close()


def the_second_fences_the_first(bootstrap, topic):
    first = begun(bootstrap, topic)
    first.begin_transaction()
    put(first, topic, names("zombie"))
    second = begun(bootstrap, topic)
    second.begin_transaction()
    put(second, topic, names("heir"))
    error = refused(lambda: first.commit_transaction(TIMEOUT_S), ck.KafkaError._FENCED)
    assert error.fatal(), error
    refused(first.begin_transaction, ck.KafkaError._FENCED, ck.KafkaError._STATE)
    second.commit_transaction(TIMEOUT_S)
    becomes_seen(bootstrap, topic, names("heir"))
    assert seen(bootstrap, topic, "read_uncommitted") == sorted(names("zombie") + names("heir"))


def transactions(bootstrap, topic):
    client = ca.AdminClient({"bootstrap.servers": bootstrap})
    for each in client.create_topics([ca.NewTopic(topic + suffix, PARTITIONS, 1) for suffix in ("", "-copy", "-fenced")]).values():
        each.result(TIMEOUT_S)
    commits_and_aborts(bootstrap, topic)
    offsets_go_with_the_transaction(bootstrap, topic, topic + "-copy")
    the_second_fences_the_first(bootstrap, topic + "-fenced")
