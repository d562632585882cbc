// How English counts and says when.
export const plural = (count: number, one: string, many: string): string => (count === 1 ? `1 ${one}` : `${count.toLocaleString("en")} ${many}`);
export const date = new Intl.DateTimeFormat("en", { dateStyle: "long" });
export const moment = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
