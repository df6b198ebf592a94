// Keeps the last revision of every case in a file of lines; kafkajs and avsc know nothing of ours.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import avro from "avsc";
import { Kafka, logLevel } from "kafkajs";

const [broker, topic, groupId, folder, file] = process.argv.slice(2);
const ids = JSON.parse(readFileSync(join(folder, "ids.json")));
const types = new Map();

// The file is the view: what it holds already, and anything older, changes nothing.
const last = new Map();
const kept = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
for (const told of kept.map(JSON.parse)) last.set(told.key, told.revision);

function typeOf(number) {
  if (!types.has(number)) {
    const schema = JSON.parse(readFileSync(join(folder, ids[number])));
    types.set(number, avro.Type.forSchema(schema, { wrapUnions: false }));
  }
  return types.get(number);
}

const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
const consumer = kafka.consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 1000 });
await consumer.connect();
await consumer.subscribe({ topics: [topic], fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachMessage: async ({ partition, message }) => {
    const header = (name) => message.headers[name]?.toString();
    const record = typeOf(message.value.readUInt32BE(1)).fromBuffer(message.value.subarray(5));
    const told = { key: message.key.toString(), type: header("ce_type"), event: header("ce_id"),
                   revision: record.revision, state: record.state };
    if (told.revision > (last.get(told.key) ?? 0)) {
      appendFileSync(file, JSON.stringify(told) + "\n");
      last.set(told.key, told.revision);
    }
    const offset = (BigInt(message.offset) + 1n).toString();
    await consumer.commitOffsets([{ topic, partition, offset }]);
  },
});
