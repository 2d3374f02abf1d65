import { randomUUID } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { escapeMarkdown } from "../report/escape.ts";
import { joinedArrays } from "../tensor/parts.ts";
import { makeFolder } from "../weights/files.ts";
import { writeAll } from "../weights/nodeFile.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { finiteIn, type LoggedRun, type Tracker } from "./log.ts";
import { wallClock } from "./wallClock.ts";

/**
 * Event files that TensorBoard reads, one a run: records of a length, its checksum, a protocol buffer
 * `Event` and its checksum.
 * @param folder `tensorboard --logdir` is given it
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto
 * @see https://www.tensorflow.org/tutorials/load_data/tfrecord
 */
export function tensorBoard(folder: string): Tracker {
  return {
    async begin({ group, name, settings, tags = [], note }: LoggedRun) {
      const place = join(folder, safe(group), safe(name));
      await makeFolder(place);
      const clock = wallClock();
      const seconds = (): number => clock() / 1000;
      const now = seconds();
      const file = `events.out.tfevents.${Math.floor(now)}.${safe(hostname())}.${randomUUID().slice(0, 8)}`;
      const path = join(place, file);
      const handle = await open(path, "ax");
      await write(handle, path, event(now, 0, text(3, "brain.Event:2")));
      const said = [
        ...Object.entries(settings).map(([key, value]) => row(key, `${value}`)),
        ...(tags.length > 0 ? [row("tags", tags.join(", "))] : []),
        ...(note === undefined ? [] : [row("note", note)]),
      ];
      const table = `| setting | value |\n|---|---|\n${said.join("\n")}`;
      await write(handle, path, event(now, 0, summary([textValue("settings", table)])));
      return {
        async log(step, metrics) {
          const values = finiteIn(metrics).map(([tag, value]) => scalarValue(tag, value));
          if (values.length > 0) await write(handle, path, event(seconds(), step, summary(values)));
        },
        end: async () => {
          await handle.sync();
          await handle.close();
        },
      };
    },
  };
}

/** Of a table that TensorBoard shows as Markdown. */
const row = (key: string, value: string): string =>
  `| ${escapeMarkdown(key)} | ${escapeMarkdown(value)} |`;

/** As a folder's name; names of rows and models are made of these. */
const safe = (name: string): string =>
  name.replaceAll(/[^\w.@-]+/g, "-").replace(/^\.+/, "") || "run";

async function write(handle: FileHandle, path: string, data: Uint8Array): Promise<void> {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(data.length), true);
  await writeAll(handle, joinedArrays([length, checksum(length), data, checksum(data)]), path);
}

function checksum(bytes: Uint8Array): Uint8Array {
  const four = new Uint8Array(4);
  new DataView(four.buffer).setUint32(0, maskedCrc32c(bytes), true);
  return four;
}

/** Event: wall_time = 1, step = 2, and what it is about. */
const event = (time: number, step: number, about: Uint8Array): Uint8Array =>
  joinedArrays([double(1, time), whole(2, step), about]);

/** Event.summary = 5, of Summary.value = 1. */
const summary = (values: readonly Uint8Array[]): Uint8Array =>
  message(5, joinedArrays(values.map((value) => message(1, value))));

/** Value: tag = 1, simple_value = 2. */
const scalarValue = (tag: string, value: number): Uint8Array =>
  joinedArrays([text(1, tag), float(2, value)]);

/** Value of a text: tensor = 8 (dtype = 1 is DT_STRING, string_val = 8), metadata = 9 naming the plugin. */
function textValue(tag: string, content: string): Uint8Array {
  const plugin = message(1, text(1, "text"));
  return joinedArrays([
    text(1, tag),
    message(8, joinedArrays([whole(1, 7), message(2, message(2, whole(1, 1))), text(8, content)])),
    message(9, plugin),
  ]);
}

// Protocol buffers: a field's number and kind, then its value.

const varint = (value: number): Uint8Array => {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
};

const key = (field: number, kind: number): Uint8Array => varint(field * 8 + kind);

const whole = (field: number, value: number): Uint8Array =>
  joinedArrays([key(field, 0), varint(value)]);

function double(field: number, value: number): Uint8Array {
  const eight = new Uint8Array(8);
  new DataView(eight.buffer).setFloat64(0, value, true);
  return joinedArrays([key(field, 1), eight]);
}

function float(field: number, value: number): Uint8Array {
  const four = new Uint8Array(4);
  new DataView(four.buffer).setFloat32(0, value, true);
  return joinedArrays([key(field, 5), four]);
}

const message = (field: number, content: Uint8Array): Uint8Array =>
  joinedArrays([key(field, 2), varint(content.length), content]);

const text = (field: number, content: string): Uint8Array =>
  message(field, new TextEncoder().encode(content));
