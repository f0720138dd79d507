/** With a capital, unless it begins with a measure's name: `p99` is never written `P99`. */
export function sentenceCase(text: string): string {
  return /^[a-z]\d/.test(text) ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
}
