// The token: from the address's fragment, which no server sees, or from the field. Kept as long as this browser tab.

const KEY = "voronka:token";

/** Takes `#token=…` out of the address bar. What was edited with another token is forgotten: its ids are another's. */
export function takeToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    history.replaceState(null, "", location.pathname + location.search);
    if (given !== sessionStorage.getItem(KEY)) keepToken(given);
  }
  return sessionStorage.getItem(KEY) ?? "";
}

export function keepToken(token: string): void {
  sessionStorage.clear();
  sessionStorage.setItem(KEY, token.trim().replace(/^Bearer\s+/i, ""));
}
