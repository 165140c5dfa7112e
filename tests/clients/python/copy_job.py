#!/usr/bin/python3
"""
The copy job of CopyJobTests.cs: copy_job.py BOOTSTRAP INPUT OUTPUT GROUP TRANSACTIONAL_ID consumes, transforms, and produces to the same partition of
the output, offsets included, in one transaction for a few records. It runs until it is killed; what no retry can mend ends it with an error.
"""
import sys
import time

import confluent_kafka as ck

BATCH = 15
TIMEOUT_S = 30
BOOTSTRAP, INPUT, OUTPUT, GROUP, TRANSACTIONAL_ID = sys.argv[1:]
QUICK = {"bootstrap.servers": BOOTSTRAP, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 300, "topic.metadata.refresh.interval.ms": 5000}


def note(what):
    print(f"{TRANSACTIONAL_ID}: {what}", file=sys.stderr, flush=True)


def patiently(call):
    """Again while the error says that the same call may succeed; others are for the caller."""
    end = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return call()
        except ck.KafkaException as e:
            if not e.args[0].retriable() or time.monotonic() > end:
                raise
            note(f"again after {e}")


class Reader:
    """A member of the group, with the records it has read since the last transaction."""

    def __init__(self):
        self.batch = []
        self.generation = None
        self.consumer = ck.Consumer({**QUICK, "group.id": GROUP, "auto.offset.reset": "earliest", "enable.auto.commit": False, "isolation.level": "read_committed",
                                     "session.timeout.ms": 2000, "heartbeat.interval.ms": 200, "fetch.wait.max.ms": 50})
        self.consumer.subscribe([INPUT], on_assign=self.assigned, on_revoke=self.revoked)

    def assigned(self, consumer, _):
        # Taken here and not before each transaction: what was read for this generation must not be committed in another's name.
        self.generation = consumer.consumer_group_metadata()

    def revoked(self, *_):
        self.batch.clear()

    def read(self):
        """Some records, as many as come soon; empty when partitions were lost meanwhile."""
        self.batch.clear()
        end = time.monotonic() + 0.05
        while len(self.batch) < BATCH and (time.monotonic() < end or not self.batch):
            message = self.consumer.poll(0.05)
            if message is None:
                continue
            if message.error():
                note(f"read: {message.error()}")
            else:
                self.batch.append(message)
        return list(self.batch)

    def offsets(self):
        ends = {m.partition(): m.offset() + 1 for m in self.batch}
        return [ck.TopicPartition(INPUT, partition, offset) for partition, offset in ends.items()]


def copy(producer, reader):
    records = reader.read()
    producer.begin_transaction()
    for message in records:
        producer.produce(OUTPUT, value=message.value()[::-1], partition=message.partition())
    patiently(lambda: producer.send_offsets_to_transaction(reader.offsets(), reader.generation, TIMEOUT_S))
    patiently(lambda: producer.commit_transaction(TIMEOUT_S))


def main():
    producer = ck.Producer({**QUICK, "transactional.id": TRANSACTIONAL_ID, "transaction.timeout.ms": 60000, "linger.ms": 1})
    patiently(lambda: producer.init_transactions(TIMEOUT_S))
    reader = Reader()
    while True:
        try:
            copy(producer, reader)
        except ck.KafkaException as e:
            if not e.args[0].txn_requires_abort():
                raise
            note(f"aborts after {e}")
            patiently(lambda: producer.abort_transaction(TIMEOUT_S))
            # A new member begins at what is committed, which is where the aborted transaction began.
            reader.consumer.close()
            reader = Reader()


main()
