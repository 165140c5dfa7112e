// Tidemark's tests of kafkajs: create, write and administer a topic, read it in a group, and use transactions (see ScriptClient.cs).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import kafkajs from 'kafkajs';

const { CompressionTypes, ConfigResourceTypes, Kafka, Partitioners, logLevel } = kafkajs;
const [, , command, bootstrap, topic, argument] = process.argv;
const kafka = new Kafka({ clientId: 'tidemark-tests', brokers: [bootstrap], logLevel: logLevel.ERROR });

async function withAdmin(work) {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}

async function send(messages, compression) {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, idempotent: true });
  await producer.connect();
  try {
    await producer.send({ topic, acks: -1, compression, messages });
  } finally {
    await producer.disconnect();
  }
}

// kafkajs takes several values of one header as an array.
function headersOf(record) {
  const headers = {};
  for (const { name, value } of record.headers) {
    headers[name] = name in headers ? [headers[name], value].flat() : value;
  }
  return headers;
}

const commands = {
  create: () => withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: Number(argument), replicationFactor: 1 }] })),

  write: () => {
    const records = readFileSync(0, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
    const messages = records.map((r) => ({ partition: r.partition, key: r.key, value: r.value, timestamp: String(r.timestampMs), headers: headersOf(r) }));
    return send(messages, argument === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None);
  },

  admin: () => withAdmin(async (admin) => {
    const settings = [{ name: 'retention.ms', value: '86400000' }];
    assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1, configEntries: settings }] }), true);
    assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }] }), false, 'created twice');
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
    assert.equal(metadata.topics[0].partitions.length, 3);
    assert.ok((await admin.listTopics()).includes(topic));
    const before = Date.now();
    await send(Array.from({ length: 10 }, (_, i) => ({ partition: 0, value: `${i}`, timestamp: String(before + i) })), CompressionTypes.None);
    const offsets = await admin.fetchTopicOffsets(topic);
    assert.deepEqual({ high: '10', low: '0' }, (({ high, low }) => ({ high, low }))(offsets.find((o) => o.partition === 0)));
    const since = await admin.fetchTopicOffsetsByTimestamp(topic, before + 4);
    assert.equal(since.find((o) => o.partition === 0).offset, '4');
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] });
    assert.equal((await admin.fetchTopicOffsets(topic)).find((o) => o.partition === 0).low, '3');
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
    const valueOf = async (name) => (await admin.describeConfigs({ includeSynonyms: false, resources: [resource] })).resources[0].configEntries.find((e) => e.configName === name).configValue;
    assert.equal(await valueOf('retention.ms'), '86400000');
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries: [{ name: 'max.message.bytes', value: '20000' }] }] });
    assert.equal(await valueOf('max.message.bytes'), '20000');
    const cluster = await admin.describeCluster();
    assert.equal(cluster.brokers.length, 1);
    await admin.deleteTopics({ topics: [topic] });
    assert.ok(!(await admin.listTopics()).includes(topic));
  }),

  group: () => withAdmin(async (admin) => {
    await admin.createTopics({ topics: [{ topic, numPartitions: 6, replicationFactor: 1 }] });
    await send(Array.from({ length: 600 }, (_, i) => ({ partition: i % 6, value: `${i}` })), CompressionTypes.None);
    const seen = new Set();
    const members = [];
    const join = async () => {
      const consumer = kafka.consumer({ groupId: topic, sessionTimeout: 6000, heartbeatInterval: 300, rebalanceTimeout: 10000 });
      const member = { consumer, owned: [] };
      members.push(member);
      consumer.on(consumer.events.GROUP_JOIN, (e) => { member.owned = e.payload.memberAssignment[topic] ?? []; });
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({ eachMessage: async ({ message }) => { seen.add(message.value.toString()); } });
    };
    const until = async (what, condition) => {
      for (const end = Date.now() + 30000; !condition();) {
        assert.ok(Date.now() < end, `${what}: ${JSON.stringify(members.map((m) => m.owned))}, ${seen.size} read`);
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
    };
    const shares = () => members.map((m) => m.owned.length).sort().join();
    await join();
    await until('alone', () => shares() === '6' && seen.size === 600);
    await join();
    await until('two', () => shares() === '3,3');
    const described = await admin.describeGroups([topic]);
    assert.equal(described.groups[0].state, 'Stable');
    assert.equal(described.groups[0].members.length, 2);
    const [first] = members.splice(0, 1);
    await first.consumer.disconnect();
    await until('the last', () => shares() === '6');
    await members[0].consumer.disconnect();
    const offsets = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
    assert.deepEqual(offsets[0].partitions.map((p) => p.offset), Array(6).fill('100'));
    assert.ok((await admin.listGroups()).groups.some((g) => g.groupId === topic));
    await admin.deleteGroups([topic]);
    assert.ok(!(await admin.listGroups()).groups.some((g) => g.groupId === topic));
  }),

  transactions: () => withAdmin(async (admin) => {
    await admin.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 1 }] });
    const begun = async () => {
      const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, idempotent: true, transactionalId: topic, maxInFlightRequests: 1 });
      await producer.connect();
      return producer;
    };
    const messages = (prefix) => Array.from({ length: 10 }, (_, i) => ({ partition: i % 2, value: `${prefix}${i}` }));
    const offset = async (group) => (await admin.fetchOffsets({ groupId: group, topics: [topic] }))[0].partitions.find((p) => p.partition === 0).offset;
    const offsetsOf = (group) => ({ consumerGroupId: group, topics: [{ topic, partitions: [{ partition: 0, offset: '5' }] }] });
    const first = await begun();
    const committed = await first.transaction();
    await committed.send({ topic, messages: messages('committed') });
    await committed.sendOffsets(offsetsOf(`${topic}-committed`));
    await committed.commit();
    const aborted = await first.transaction();
    await aborted.send({ topic, messages: messages('aborted') });
    await aborted.sendOffsets(offsetsOf(`${topic}-aborted`));
    await aborted.abort();
    const zombie = await first.transaction();
    await zombie.send({ topic, messages: messages('zombie') });
    const second = await begun();
    const heir = await second.transaction();
    await heir.send({ topic, messages: messages('heir') });
    await assert.rejects(zombie.commit(), (error) => ['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED'].includes(error.type) || assert.fail(`${error.type}: ${error}`));
    await heir.commit();
    await first.disconnect();
    await second.disconnect();
    assert.equal(await offset(`${topic}-committed`), '5');
    assert.equal(await offset(`${topic}-aborted`), '-1');

    const expected = [...messages('committed'), ...messages('heir')].map((m) => m.value).sort();
    const seen = [];
    const consumer = kafka.consumer({ groupId: `${topic}-reader`, readUncommitted: false });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => { seen.push(message.value.toString()); } });
    // The heir's records stand last in both partitions: whoever has them has passed everything else.
    for (const end = Date.now() + 30000; seen.filter((v) => v.startsWith('heir')).length < 10;) {
      assert.ok(Date.now() < end, `read ${seen}`);
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    await consumer.disconnect();
    assert.deepEqual(seen.sort(), expected);
  }),
};

await commands[command]();
