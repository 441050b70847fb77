// OpenPGP.js as a partner's web mail uses it. Standard input in, standard output out; the first argument is the folder in
// which the package was unpacked.
//
//   node openpgpjs.mjs PACKAGES make KIND SECRET PUBLIC          a key pair for info@clinic.example
//   node openpgpjs.mjs PACKAGES open SECRET SIGNER               an armoured message in, its content out; the signature holds
//   node openpgpjs.mjs PACKAGES close SECRET RECIPIENT [FORMAT]  content in, an armoured message out

import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";

const [packages, what, ...rest] = process.argv.slice(2);
const openpgp = createRequire(packages + "/")("./package");
const input = () => readFileSync(0);
const secret = async (file) => openpgp.readPrivateKey({ armoredKey: readFileSync(file, "utf8") });
const key = async (file) => openpgp.readKey({ armoredKey: readFileSync(file, "utf8") });

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
} else if (what === "open") {
  const [secretFile, signerFile] = rest;
  const { data, signatures } = await openpgp.decrypt({
    message: await openpgp.readMessage({ armoredMessage: input().toString("latin1") }),
    decryptionKeys: await secret(secretFile),
    verificationKeys: await key(signerFile),
    format: "binary",
    expectSigned: true,
  });
  await signatures[0].verified;
  process.stdout.write(Buffer.from(data));
} else {
  const [secretFile, recipientFile, format] = rest;
  const message = await openpgp.encrypt({
    message: await openpgp.createMessage({ binary: new Uint8Array(input()) }),
    encryptionKeys: await key(recipientFile),
    signingKeys: await secret(secretFile),
    config: { aeadProtect: format === "aead" },
  });
  process.stdout.write(message);
}
