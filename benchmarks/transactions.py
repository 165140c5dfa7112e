"""A librdkafka client that reads, writes and commits what it read in transactions."""
import time

try:
    import confluent_kafka
except ImportError:
    confluent_kafka = None

import steady

RECORDS = 100
WAIT_S_MAX = 60


def read_process_write(bootstrap, name, count):
    """Copies count batches of 100 records from one topic to another, a transaction each; seconds from the first to the last commit."""
    source, target = f"{name}-in", f"{name}-out"
    for topic in (source, target):
        steady.create_topic(bootstrap, topic, 6, replicas=1)
    filler = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "queue.buffering.max.messages": count * RECORDS + 1, "log_level": 0})
    for number in range(count * RECORDS):
        filler.produce(source, b"x" * 100, partition=number % 6)
    if filler.flush(WAIT_S_MAX):
        raise SystemExit(f"{source} could not be filled")
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": name, "enable.auto.commit": False, "auto.offset.reset": "earliest",
                                         "isolation.level": "read_committed", "log_level": 0})
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "transactional.id": name, "linger.ms": 0, "log_level": 0})
    producer.init_transactions(WAIT_S_MAX)
    consumer.subscribe([source])
    batch = read(consumer)
    began = time.monotonic()
    for left in range(count - 1, -1, -1):
        producer.begin_transaction()
        for index, record in enumerate(batch):
            producer.produce(target, record.value(), partition=index % 6)
        producer.send_offsets_to_transaction(consumer.position(consumer.assignment()), consumer.consumer_group_metadata(), WAIT_S_MAX)
        producer.commit_transaction(WAIT_S_MAX)
        batch = read(consumer) if left else []
    took = time.monotonic() - began
    consumer.close()
    return took


def read(consumer):
    batch = []
    deadline = time.monotonic() + WAIT_S_MAX
    while len(batch) < RECORDS:
        batch += [record for record in consumer.consume(RECORDS - len(batch), 1) if not record.error()]
        if time.monotonic() > deadline:
            raise SystemExit(f"{len(batch)} records within {WAIT_S_MAX} s")
    return batch
