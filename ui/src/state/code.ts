// How a code is drawn: its groups, and where in its period it stands.

/** A code in the groups in which it is read out: 3+3, 3+4, 2+3+3; Steam's five stay together, eight letters are 4+4. */
export function grouped(code: string): string[] {
  const sizes: Record<number, number[]> = { 6: [3, 3], 7: [3, 4], 8: /^\d+$/.test(code) ? [2, 3, 3] : [4, 4], 9: [3, 3, 3], 10: [3, 3, 4] };
  const plan = sizes[code.length];
  if (!plan) return [code];
  let at = 0;
  return plan.map((size) => code.slice(at, (at += size)));
}

/** Where a period stands at a moment. */
export interface Countdown {
  /** Whole seconds left, rounded up. */ readonly seconds: number;
  /** What is left of the period, 0 to 1. */ readonly left: number;
  /** In the last third the next code is shown too. */ readonly nextShown: boolean;
  /** In the last fifth, and never more than 15 s, the code is nearly gone. */ readonly low: boolean;
}

/** The countdown of a period at `now`; all three are Unix milliseconds. */
export function countdown(from: number, until: number, now: number): Countdown {
  const length = Math.max(1, until - from);
  const rest = Math.min(length, Math.max(0, until - now));
  return { seconds: Math.ceil(rest / 1000), left: rest / length, nextShown: rest <= length / 3, low: rest <= Math.min(length / 5, 15_000) };
}
