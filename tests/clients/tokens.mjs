// Tokens as the host CRM signs them (RFC 7519, HS256): the first one of a client lives as long as it is told.
import { createHmac } from "node:crypto";

const encoded = (said) => Buffer.from(typeof said === "string" ? said : JSON.stringify(said)).toString("base64url");

export function tokens({ secret, claims, firstSeconds }) {
  let taken = 0;
  return () => {
    const seconds = taken++ === 0 && firstSeconds ? firstSeconds : 3600;
    const exp = Math.floor(Date.now() / 1000) + seconds;
    const signed = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded({ ...claims, exp })}`;
    return `Bearer ${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
  };
}
