// The last arm of an exhaustive switch. Pure.

/** Makes the compiler prove that `value` cannot exist; throws when data from outside the types gets here. */
export function cannotHappen(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
