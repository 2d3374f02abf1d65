import { madd } from "./simd";
export function test(a: usize): void { v128.store(a, madd(v128.load(a), v128.load(a,16), v128.load(a,32))); }
