using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>TLS.</summary>
internal static class TlsKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        String("ssl.keystore.location", null, "The file with the server's key and certificate.")
            .PerBroker(),
        String("ssl.keystore.type", "JKS", "The format of the key store: JKS, PKCS12 or PEM.")
            .PerBroker(),
        Password("ssl.keystore.password", null, "The password of the key store.")
            .PerBroker(),
        Password("ssl.keystore.key", null, "The server's key itself, as PEM.")
            .PerBroker(),
        Password("ssl.keystore.certificate.chain", null, "The server's certificate chain itself, as PEM.")
            .PerBroker(),
        Password("ssl.key.password", null, "The password of the key in the key store.")
            .PerBroker(),
        String("ssl.truststore.location", null, "The file with the certificates that are trusted.")
            .PerBroker(),
        String("ssl.truststore.type", "JKS", "The format of the trust store: JKS, PKCS12 or PEM.")
            .PerBroker(),
        Password("ssl.truststore.password", null, "The password of the trust store.")
            .PerBroker(),
        Password("ssl.truststore.certificates", null, "The trusted certificates themselves, as PEM.")
            .PerBroker(),
        String("ssl.client.auth", "none", "Whether clients must, may or need not show a certificate.")
            .OneOf("required", "requested", "none").PerBroker(),
        List("ssl.enabled.protocols", "TLSv1.2,TLSv1.3", "The versions of TLS that are accepted.")
            .PerBroker(),
        String("ssl.protocol", "TLSv1.3", "The version of TLS that is preferred.")
            .PerBroker(),
        List("ssl.cipher.suites", "", "The cipher suites that are accepted; empty means the platform's.")
            .PerBroker(),
        String("ssl.endpoint.identification.algorithm", "https", "How a server's certificate is compared with its host name; empty does not compare.")
            .PerBroker(),
        String("ssl.principal.mapping.rules", "DEFAULT", "How a certificate's distinguished name becomes a user name."),
        Class("ssl.engine.factory.class", null, "The class that makes TLS engines.")
            .PerBroker(),
        String("ssl.keymanager.algorithm", "SunX509", "The algorithm of the key manager.")
            .PerBroker(),
        String("ssl.trustmanager.algorithm", "PKIX", "The algorithm of the trust manager.")
            .PerBroker(),
        String("ssl.secure.random.implementation", null, "The source of randomness for TLS.")
            .PerBroker(),
        String("ssl.provider", null, "The provider of TLS.")
            .PerBroker(),
        Boolean("ssl.allow.dn.changes", "false", "Whether a new key store may change the distinguished name."),
        Boolean("ssl.allow.san.changes", "false", "Whether a new key store may change the alternative names."),
    ];
}
