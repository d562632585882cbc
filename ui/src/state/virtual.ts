// Which rows of a long list are drawn.

/** Rows from `first` up to, not including, `end`. */
export interface Range { readonly first: number; readonly end: number }

/** The rows that a view of `height` pixels at `top` shows, with `spare` more on both sides. */
export function visible(top: number, height: number, rowHeight: number, count: number, spare: number): Range {
  const first = Math.max(0, Math.floor(top / rowHeight) - spare);
  return { first: Math.min(first, count), end: Math.min(count, Math.ceil((top + height) / rowHeight) + spare) };
}

/** The scroll position nearest to `top` at which row `index` is wholly seen. */
export function scrolledTo(index: number, top: number, height: number, rowHeight: number): number {
  const start = index * rowHeight;
  if (start < top) return start;
  return start + rowHeight > top + height ? start + rowHeight - height : top;
}
