import { svg } from "../dom.ts";
import type { LogProbs } from "./distributions.ts";
import { probability } from "./format.ts";
import { type Chart, HEIGHT, type Point, WIDTH } from "./geometry.ts";
import { type Model, type Movable, movables, namesOf, symbols } from "./model.ts";
import { subscripted } from "./notation.ts";
import type { Logits } from "./state.ts";

export interface HandleOptions {
  /** The drawing that the handles are in. */
  readonly drawing: SVGSVGElement;
  /** How the drawing lays distributions out, at this moment. */
  chart(): Chart;
  move(which: Movable, to: Logits): void;
  /** A drag begins or ends. */
  hold(held: boolean): void;
}

export interface Handles {
  readonly element: SVGElement;
  update(model: Model): void;
}

/** Units of the drawing that an arrow key moves by, and with Shift. */
const STEP = 4;
const LEAP = 20;

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const shapes: Readonly<Record<Movable, () => SVGElement>> = {
  p: () => svg("circle", { class: "mark", r: 9 }),
  s: () =>
    svg("rect", { class: "mark", x: -8, y: -8, width: 16, height: 16, transform: "rotate(45)" }),
  landed: () => svg("path", { class: "mark", d: "M0 -11 L10 7 L-10 7 Z" }),
};

/** Points that can be dragged, and moved by the arrow keys. */
export function createHandles(options: HandleOptions): Handles {
  const element = svg("g", { class: "handles" });
  const made = new Map<Movable, SVGGElement>();
  const at = new Map<Movable, Logits>();

  function moveTo(which: Movable, point: Point): void {
    const next = options.chart().read(point, at.get(which) as Logits);
    // Keys may come faster than frames.
    at.set(which, next);
    options.move(which, next);
  }

  function make(which: Movable): SVGGElement {
    const handle = svg(
      "g",
      {
        class: `handle ${which}`,
        tabindex: 0,
        role: "slider",
        "aria-label": namesOf[which],
        "aria-valuemin": 0,
        "aria-valuemax": 100,
        onkeydown: (event: KeyboardEvent) => {
          const arrow = ARROWS[event.key];
          if (!arrow) return;
          event.preventDefault();
          const by = event.shiftKey ? LEAP : STEP;
          const [x, y] = options.chart().place(at.get(which) as Logits);
          moveTo(which, [x + by * arrow[0], y + by * arrow[1]]);
        },
      },
      svg("circle", { class: "reach", r: 20 }),
      svg("circle", { class: "ring", r: 16 }),
      shapes[which](),
      svg(
        "text",
        { class: "name", x: 0, y: -18, "text-anchor": "middle", "aria-hidden": "true" },
        ...subscripted(...symbols[which]),
      ),
    );
    draggable(handle, options, (point) => moveTo(which, within(point)));
    element.append(handle);
    made.set(which, handle);
    return handle;
  }

  return {
    element,
    update({ state, preset }) {
      const shown = new Map(movables(state));
      for (const [which, handle] of made)
        if (!shown.has(which)) {
          handle.remove();
          made.delete(which);
        }
      for (const [which, p] of shown) {
        at.set(which, p as unknown as Logits);
        const handle = made.get(which) ?? make(which);
        const [x, y] = options.chart().place(p);
        handle.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
        handle.setAttribute("aria-valuenow", (100 * Math.exp(p[0] as number)).toFixed(1));
        handle.setAttribute("aria-valuetext", spoken(p, preset.tokens));
      }
    },
  };
}

/** A pointer may leave the drawing; what it drags stays. */
const within = ([x, y]: Point): Point => [
  Math.min(WIDTH, Math.max(0, x)),
  Math.min(HEIGHT, Math.max(0, y)),
];

/** A distribution in words. */
export const spoken = (p: LogProbs, tokens: readonly string[]): string =>
  tokens.map((token, i) => `${token} ${probability(p, i)}`).join(", ");

function draggable(
  handle: SVGGElement,
  { drawing, hold }: HandleOptions,
  move: (point: Point) => void,
): void {
  // Where the pointer took hold of the handle, so that it does not jump.
  let grip: Point | undefined;
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    const { e, f } = handle.transform.baseVal.consolidate()?.matrix ?? { e: 0, f: 0 };
    const [x, y] = pointOf(drawing, event);
    grip = [e - x, f - y];
    hold(true);
  });
  handle.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const [x, y] = pointOf(drawing, event);
    move([x + grip[0], y + grip[1]]);
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    handle.addEventListener(end, () => {
      grip = undefined;
      hold(false);
    });
}

function pointOf(drawing: SVGSVGElement, { clientX, clientY }: PointerEvent): Point {
  const toDrawing = drawing.getScreenCTM()?.inverse();
  const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(toDrawing);
  return [x, y];
}
