// How soon a client tries again, and what it asks for then.
export const soon = (retries) => new Promise((resolve) => setTimeout(resolve, Math.min(50 * 2 ** retries, 1000)));

// A stream's messages hold the place to go on from, under the one field of their root.
export const cursor = (data) => Object.values(data ?? {})[0]?.cursor;
