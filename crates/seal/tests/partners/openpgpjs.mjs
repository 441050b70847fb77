// OpenPGP.js as a partner's web mail uses it. The argument is the folder in which the package was unpacked; jobs and answers
// as resident.rs says:
//
//   make KIND SECRET PUBLIC          a key pair for info@clinic.example
//   open SECRET SIGNER               an armoured message in, its content out; the signature holds
//   close SECRET RECIPIENT FORMAT    content in, an armoured message out

import { createRequire } from "node:module";
import { readFileSync, readSync, writeFileSync, writeSync } from "node:fs";

const openpgp = createRequire(process.argv[2] + "/")("./package");
const secret = async (file) => openpgp.readPrivateKey({ armoredKey: readFileSync(file, "utf8") });
const key = async (file) => openpgp.readKey({ armoredKey: readFileSync(file, "utf8") });

const done = async ([what, ...rest], input) => {
  if (what === "make") {
    const [kind, secretFile, publicFile] = rest;
    const options = kind === "rsa" ? { type: "rsa", rsaBits: 3072 } : { type: kind };
    const { privateKey, publicKey } = await openpgp.generateKey({
      ...options,
      userIDs: [{ name: "Clinic", email: "info@clinic.example" }],
      config: { v6Keys: kind === "curve25519" },
    });
    writeFileSync(secretFile, privateKey);
    writeFileSync(publicFile, publicKey);
    return "";
  }
  if (what === "open") {
    const [secretFile, signerFile] = rest;
    const { data, signatures } = await openpgp.decrypt({
      message: await openpgp.readMessage({ armoredMessage: input.toString("latin1") }),
      decryptionKeys: await secret(secretFile),
      verificationKeys: await key(signerFile),
      format: "binary",
      expectSigned: true,
    });
    await signatures[0].verified;
    return data;
  }
  const [secretFile, recipientFile, format] = rest;
  return openpgp.encrypt({
    message: await openpgp.createMessage({ binary: new Uint8Array(input) }),
    encryptionKeys: await key(recipientFile),
    signingKeys: await secret(secretFile),
    config: { aeadProtect: format === "aead" },
  });
};

// The next bytes of the input; fewer where it ends.
const read = (length) => {
  const bytes = Buffer.alloc(length);
  let got = 0;
  for (let more = 1; got < length && more > 0; got += more) more = readSync(0, bytes, got, length - got, null);
  return bytes.subarray(0, got);
};

const line = () => {
  let text = "";
  for (let next = read(1); next.length === 1; next = read(1)) {
    if (next[0] === 10) return text;
    text += next.toString("latin1");
  }
  return null;
};

const write = (bytes) => {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
};

for (let job = line(); job !== null; job = line()) {
  const words = job.split("\t");
  const input = read(Number(words.pop()));
  let [how, output] = ["ok", ""];
  try {
    output = await done(words, input);
  } catch (error) {
    [how, output] = ["no", String(error.stack ?? error)];
  }
  const bytes = Buffer.from(output);
  write(Buffer.from(`${how} ${bytes.length}\n`));
  write(bytes);
}
