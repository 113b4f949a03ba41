// A bank that is not us, on Node with kafkajs: knows the AsyncAPI page and nothing else of Terrace.
//
//   node bank.mjs <host:port> <group> <file for its state> <bank code>...
//
// Reads every bank's eligibilities from the beginning, keeps per enterprise the version for ever
// and the data as long as it may, and confirms the receipt of each loan application. Its state is
// one JSON file, replaced after every record and before the offset is committed.
import { randomUUID } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { Kafka, logLevel } from "kafkajs";

const [bootstrap, group, file, ...banks] = process.argv.slice(2);
const ELIGIBILITY = "funding.loan-eligibility-changed.v1";
const APPLICATION = "funding.loan-application-changed.v1";

const kafka = new Kafka({
  clientId: group,
  brokers: [bootstrap],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 1000 },
});
const eligibilities = banks.map((bank) => `bank.${bank}.loan-eligibility`);
const applications = banks.map((bank) => `bank.${bank}.loan-application`);
const states = {}; // bank -> enterprise -> { version, data }
const confirmed = new Set();

function keep() {
  writeFileSync(`${file}.new`, JSON.stringify(states));
  renameSync(`${file}.new`, file);
}

function takeEligibility(bank, uscc, type, value) {
  const known = (states[bank] ??= {});
  const version = known[uscc]?.version ?? 0;
  if (value === null) {
    known[uscc] = { version, data: null }; // tombstone: the data goes, the version stays
  } else if (type === ELIGIBILITY) {
    const fact = JSON.parse(value);
    if (fact.version > version) {
      const data = fact.status === "eligible" ? fact : null;
      known[uscc] = { version: fact.version, data };
    }
  }
  keep();
}

async function confirmReceipt(producer, bank, id, type, value) {
  if (value === null || type !== APPLICATION || confirmed.has(id)) return;
  const fact = JSON.parse(value);
  if (fact.status !== "open") return;
  const topic = `bank.${bank}.loan-decision`;
  const decision = {
    bank,
    application_id: id,
    decision_id: `${bank}-${id.slice(-6)}`,
    version: 1,
    state: "received",
    decided_on: fact.filed_at.slice(0, 10),
  };
  const headers = {
    ce_specversion: "1.0",
    ce_id: randomUUID(),
    ce_source: `/terrace/bank/${topic}`,
    ce_type: "bank.loan-decided.v1",
  };
  await producer.send({
    topic,
    messages: [{ key: id, value: JSON.stringify(decision), headers }],
  });
  confirmed.add(id);
}

async function topicsThatExist() {
  // A topic is made when the platform first has something to say.
  const admin = kafka.admin();
  await admin.connect();
  const known = await admin.listTopics();
  await admin.disconnect();
  return [...eligibilities, ...applications].filter((topic) => known.includes(topic));
}

async function read(topics, producer) {
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: 10000,
    heartbeatInterval: 1000,
    retry: { retries: 1000, maxRetryTime: 1000, restartOnFailure: async () => true },
  });
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      const bank = topic.split(".")[1];
      const key = message.key.toString();
      const type = message.headers?.ce_type?.toString();
      const source = message.headers?.ce_source?.toString();
      if (source !== `/terrace/funding/${topic}`) throw new Error(`${topic}: from ${source}`);
      if (eligibilities.includes(topic)) takeEligibility(bank, key, type, message.value);
      else await confirmReceipt(producer, bank, key, type, message.value);
      const offset = (BigInt(message.offset) + 1n).toString();
      await consumer.commitOffsets([{ topic, partition, offset }]);
    },
  });
  return consumer;
}

keep();
const producer = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 1000 } });
await producer.connect();
let reading = [];
let consumer = null;
for (;;) {
  // Topics that come later are read from their beginning, too.
  const found = await topicsThatExist().catch(() => reading);
  if (found.length > reading.length) {
    if (consumer) await consumer.disconnect();
    consumer = await read(found, producer);
    reading = found;
  }
  await new Promise((wake) => setTimeout(wake, 500));
}
