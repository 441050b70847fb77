// BouncyCastle as a partner's gateway uses it: opens what we close, closes what we open. Jobs and answers as resident.rs says:
//
//   open KEY.p12 SIGNER.pem               a DER of (Auth)EnvelopedData in, the signed entity's content out
//   close KEY.p12 RECIPIENT.pem CIPHER    an entity in, an encrypted entity out

import java.io.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.util.*;
import javax.mail.internet.*;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.cert.jcajce.*;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.mail.smime.*;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.util.CollectionStore;

class Bc {
    static final char[] PASS = "x".toCharArray();

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        DataInputStream jobs = new DataInputStream(new BufferedInputStream(System.in));
        for (String line = line(jobs); line != null; line = line(jobs)) {
            String[] words = line.split("\t");
            byte[] input = new byte[Integer.parseInt(words[words.length - 1])];
            jobs.readFully(input);
            String how = "ok";
            byte[] output;
            try {
                output = done(words, input);
            } catch (Exception error) {
                how = "no";
                StringWriter trace = new StringWriter();
                error.printStackTrace(new PrintWriter(trace));
                output = trace.toString().getBytes("UTF-8");
            }
            System.out.write((how + " " + output.length + "\n").getBytes("US-ASCII"));
            System.out.write(output);
            System.out.flush();
        }
    }

    static String line(InputStream jobs) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int octet = jobs.read(); octet != '\n'; octet = jobs.read()) {
            if (octet < 0) {
                return null;
            }
            line.write(octet);
        }
        return line.toString("UTF-8");
    }

    static byte[] done(String[] words, byte[] input) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(Path.of(words[1]))) {
            store.load(file, PASS);
        }
        String alias = store.aliases().nextElement();
        PrivateKey key = (PrivateKey) store.getKey(alias, PASS);
        X509Certificate own = (X509Certificate) store.getCertificate(alias);
        X509Certificate other;
        try (InputStream file = Files.newInputStream(Path.of(words[2]))) {
            other = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(file);
        }
        return words[0].equals("open")
            ? verified(decrypted(input, key, own), other)
            : encrypted(signed(input, key, own), other, words[3]);
    }

    static byte[] decrypted(byte[] der, PrivateKey key, X509Certificate own) throws Exception {
        RecipientInformationStore recipients;
        try {
            recipients = new CMSEnvelopedData(der).getRecipientInfos();
        } catch (CMSException | IllegalArgumentException | ClassCastException other) {
            recipients = new CMSAuthEnvelopedData(der).getRecipientInfos();
        }
        RecipientId id = key.getAlgorithm().equals("RSA")
            ? new JceKeyTransRecipientId(own) : new JceKeyAgreeRecipientId(own);
        RecipientInformation recipient = recipients.get(id);
        Recipient with = key.getAlgorithm().equals("RSA")
            ? new JceKeyTransEnvelopedRecipient(key).setProvider("BC")
            : new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC");
        return recipient.getContent(with);
    }

    static byte[] verified(byte[] entity, X509Certificate signer) throws Exception {
        MimeBodyPart part = new MimeBodyPart(new ByteArrayInputStream(entity));
        SMIMESigned signed = part.isMimeType("multipart/signed")
            ? new SMIMESigned((MimeMultipart) part.getContent()) : new SMIMESigned(part);
        Collection<SignerInformation> signers = signed.getSignerInfos().getSigners();
        if (signers.isEmpty()) {
            throw new Exception("nobody signed it");
        }
        for (SignerInformation one : signers) {
            if (!one.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(signer))) {
                throw new Exception("the signature does not hold");
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        signed.getContent().writeTo(out);
        return out.toByteArray();
    }

    static MimeBodyPart signed(byte[] entity, PrivateKey key, X509Certificate own) throws Exception {
        SMIMESignedGenerator generator = new SMIMESignedGenerator();
        String algorithm = key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
        generator.addSignerInfoGenerator(
            new JcaSimpleSignerInfoGeneratorBuilder().setProvider("BC").build(algorithm, key, own));
        generator.addCertificates(new JcaCertStore(List.of(own)));
        MimeBodyPart part = new MimeBodyPart();
        part.setContent(generator.generate(new MimeBodyPart(new ByteArrayInputStream(entity))));
        part.setHeader("Content-Type", ((MimeMultipart) part.getContent()).getContentType());
        return part;
    }

    static byte[] encrypted(MimeBodyPart part, X509Certificate to, String cipher) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        part.writeTo(out);
        CMSTypedData content = new CMSProcessableByteArray(out.toByteArray());
        RecipientInfoGenerator recipient;
        if (to.getPublicKey().getAlgorithm().equals("RSA")) {
            recipient = new JceKeyTransRecipientInfoGenerator(to).setProvider("BC");
        } else {
            KeyPairGenerator pairs = KeyPairGenerator.getInstance("EC", "BC");
            pairs.initialize(((java.security.interfaces.ECPublicKey) to.getPublicKey()).getParams());
            KeyPair once = pairs.generateKeyPair();
            recipient = new JceKeyAgreeRecipientInfoGenerator(CMSAlgorithm.ECDH_SHA256KDF, once.getPrivate(),
                once.getPublic(), CMSAlgorithm.AES256_WRAP).addRecipient(to).setProvider("BC");
        }
        byte[] der;
        String type = "enveloped-data";
        if (cipher.equals("AES256-GCM")) {
            CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(recipient);
            der = generator.generate(content, (OutputAEADEncryptor)
                new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_GCM).setProvider("BC").build()).getEncoded();
            type = "authEnveloped-data";
        } else {
            ASN1ObjectIdentifier named = switch (cipher) {
                case "AES128-CBC" -> CMSAlgorithm.AES128_CBC;
                case "AES256-CBC" -> CMSAlgorithm.AES256_CBC;
                case "3DES" -> CMSAlgorithm.DES_EDE3_CBC;
                default -> throw new Exception("which cipher?");
            };
            CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(recipient);
            der = generator.generate(content,
                new JceCMSContentEncryptorBuilder(named).setProvider("BC").build()).getEncoded();
        }
        String text = "Content-Type: application/pkcs7-mime; smime-type=" + type
            + "; name=\"smime.p7m\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + Base64.getMimeEncoder().encodeToString(der) + "\r\n";
        return text.getBytes("US-ASCII");
    }
}
