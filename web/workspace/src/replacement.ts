// SPDX-License-Identifier: MIT
// The smallest replacement that makes one text of another. Many are equally small ("aa" becoming
// "aaa"); the caret tells which one the user made, because it stands where the edit ended.

export interface Replacement {
  from: number;
  to: number;
  insert: string;
}

export function findReplacement(before: string, after: string, caret: number): Replacement | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  const mostSuffix = Math.min(shorter, after.length - caret);
  let suffix = 0;
  while (suffix < mostSuffix && before.at(-1 - suffix) === after.at(-1 - suffix)) suffix += 1;
  let prefix = 0;
  while (prefix < shorter - suffix && before[prefix] === after[prefix]) prefix += 1;
  if (splitsPair(before, prefix) || splitsPair(after, prefix)) prefix -= 1;
  const end = (text: string) => text.length - suffix;
  if (splitsPair(before, end(before)) || splitsPair(after, end(after))) suffix -= 1;
  return { from: prefix, to: end(before), insert: after.slice(prefix, end(after)) };
}

/** Whether `at` stands between the two halves of one character. */
function splitsPair(text: string, at: number): boolean {
  return (
    isBetween(text.charCodeAt(at - 1), 0xd800, 0xdbff) &&
    isBetween(text.charCodeAt(at), 0xdc00, 0xdfff)
  );
}

function isBetween(code: number, first: number, last: number): boolean {
  return code >= first && code <= last;
}
