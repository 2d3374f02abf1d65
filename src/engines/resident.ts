import { constant, numbersOnce } from "../tensor/apply.ts";
import { isConstant, type ResidentHandle, Tensor, type TypedArray } from "../tensor/tensor.ts";
import type { Device, Span } from "./device.ts";
import { type IdRange, rangeOf } from "./idFlow.ts";
import { turns } from "./within.ts";

type State<Buffer> =
  | { readonly kind: "device"; readonly buffer: Buffer }
  /**
   * Small tensors move to the host when they are read, so that a loop that reads its loss keeps
   * nothing.
   */
  | { readonly kind: "host"; readonly data: TypedArray }
  /** Gone; `why` says who took it. */
  | { readonly kind: "gone"; readonly why: () => string };

class Handle<Buffer> implements ResidentHandle {
  readonly backend: string;
  readonly owner: Device<Buffer>;
  /** Of ids, so that they can be checked before they are used. */
  readonly range: IdRange | undefined;
  /** Whether it is read once and released: it does not move to the host. */
  readonly isLent: boolean;
  state: State<Buffer>;

  constructor(owner: Device<Buffer>, buffer: Buffer, range: IdRange | undefined, isLent: boolean) {
    this.backend = owner.backend;
    this.owner = owner;
    this.range = range;
    this.isLent = isLent;
    this.state = { kind: "device", buffer };
  }
}

const UNKNOWN: IdRange = { min: -Infinity, max: Infinity };

/** Tensors of at most this many elements move to the host when they are read. */
const SMALL = 1024;

const isResident = (x: Tensor): x is Tensor<"resident"> => x.op === "resident";

/** Keeps track of the tensors that live on one device. */
export interface Residents<Buffer> {
  /** A tensor around a device buffer; the buffer is freed when the tensor is garbage. */
  wrap(
    buffer: Buffer,
    like: Pick<Tensor, "shape" | "dtype">,
    range?: IdRange | undefined,
  ): Tensor<"resident">;
  /** The same for somebody who reads the tensor once and releases it: nobody waits for it to be garbage. */
  lend: Residents<Buffer>["wrap"];
  /** Between which numbers the ids of a checked tensor lie, as far as that is known. */
  range(x: Tensor): IdRange;
  /** @throws TypeError unless x holds numbers on the host or on this device; `pathOf` names it */
  check(x: Tensor, pathOf: () => string): void;
  /** The device buffer of a checked tensor; `temporary` ones are the caller's to free. */
  borrow(x: Tensor): { readonly buffer: Buffer; readonly temporary: boolean };
  /** Takes the buffer away from a checked tensor; whoever uses the tensor again is told `why`. */
  take(x: Tensor, why: () => string): Buffer;
  /** Gives a buffer that was taken back to its tensor. */
  restore(x: Tensor, buffer: Buffer): void;
  /** @param span only these numbers, for which a tensor does not move to the host */
  read(x: Tensor, pathOf: () => string, span?: Span): Promise<TypedArray>;
  release(x: Tensor): void;
}

export function createResidents<Buffer>(device: Device<Buffer>): Residents<Buffer> {
  const turn = device.readsWait ? async () => {} : turns();
  const garbage = new FinalizationRegistry<Handle<Buffer>>((handle) => {
    if (handle.state.kind === "device") device.free(handle.state.buffer);
  });

  /** The handle of a tensor of this device. @throws TypeError for a description or a stranger */
  function handleOf(x: Tensor, pathOf: () => string): Handle<Buffer> {
    if (!isResident(x)) {
      throw new TypeError(
        `${pathOf()}: expected numbers (a constant or resident tensor), got a description of ${x.op}; ` +
          "compute it with engine.run or inside a compiled function",
      );
    }
    const handle = x.attrs.handle as Handle<Buffer>;
    if (handle.owner !== device)
      throw new TypeError(`${pathOf()}: expected a tensor of this engine, got one of another`);
    if (handle.state.kind === "gone")
      throw new TypeError(`${pathOf()}: expected a live tensor, but ${handle.state.why()}`);
    return handle;
  }

  function borrow(x: Tensor): { buffer: Buffer; temporary: boolean } {
    if (isConstant(x))
      return { buffer: device.upload(numbersOnce(x), x.shape, x.dtype), temporary: true };
    const { state } = handleOf(x, () => "engine");
    return state.kind === "host"
      ? { buffer: device.upload(state.data, x.shape, x.dtype), temporary: true }
      : { buffer: (state as { buffer: Buffer }).buffer, temporary: false };
  }

  return {
    wrap(buffer, { shape, dtype }, range) {
      const handle = new Handle(device, buffer, range, false);
      const tensor = new Tensor<"resident">("resident", shape, dtype, [], { handle });
      garbage.register(tensor, handle, handle);
      return tensor;
    },
    lend(buffer, { shape, dtype }, range) {
      const handle = new Handle(device, buffer, range, true);
      return new Tensor<"resident">("resident", shape, dtype, [], { handle });
    },
    range(x) {
      if (isConstant(x)) return rangeOf(x.data);
      return handleOf(x, () => "engine").range ?? UNKNOWN;
    },
    check(x, pathOf) {
      if (!isConstant(x)) handleOf(x, pathOf);
    },
    borrow,
    take(x, why) {
      const { buffer } = borrow(x);
      if (!isResident(x)) return buffer;
      const handle = handleOf(x, () => "engine");
      handle.state = { kind: "gone", why };
      // `why` may know the tensor, and what the registry holds must not: it would never be garbage.
      garbage.unregister(handle);
      return buffer;
    },
    restore(x, buffer) {
      if (isConstant(x)) {
        device.free(buffer);
        return;
      }
      if (!isResident(x)) return;
      const taken = x.attrs.handle as Handle<Buffer>;
      taken.state = { kind: "device", buffer };
      garbage.register(x, taken, taken);
    },
    async read(x, pathOf, span) {
      if (isConstant(x)) return x.attrs.data.slice(...(span ?? []));
      const handle = handleOf(x, pathOf);
      if (handle.state.kind === "host") return handle.state.data.slice(...(span ?? []));
      const { buffer } = handle.state as { buffer: Buffer };
      const data = await device.read(buffer, x.shape, x.dtype, span);
      const { isLent, state } = handle;
      const isKept = !span && !isLent && data.length <= SMALL && state.kind === "device";
      if (isKept) {
        handle.state = { kind: "host", data };
        device.free(buffer);
      }
      await turn();
      return isKept ? data.slice() : data;
    },
    release(x) {
      if (!isResident(x)) return;
      const handle = x.attrs.handle as Handle<Buffer>;
      if (handle.owner === device && handle.state.kind === "device")
        device.free(handle.state.buffer);
      if (handle.owner === device) handle.state = { kind: "gone", why: () => "it was released" };
    },
  };
}

/** A constant tensor of numbers read from a device. */
export const hostTensor = (x: Tensor, data: TypedArray): Tensor<"constant"> =>
  constant(data, x.shape, x.dtype);
