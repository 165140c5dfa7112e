using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>Authorization, principals and delegation tokens.</summary>
internal static class SecurityKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        String("security.inter.broker.protocol", "PLAINTEXT", "The security protocol between brokers when inter.broker.listener.name is not set.")
            .OneOf("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
        String("security.providers", null, "Classes that provide security algorithms."),
        String("authorizer.class.name", "", "The class that decides who may do what; empty allows everything. A node that has one configured does not start in this version."),
        Class("principal.builder.class", "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder", "The class that makes a principal of an authenticated connection.")
            .PerBroker(),
        Long("connections.max.reauth.ms", "0", "After how long a SASL client must authenticate again; 0 never."),
        Password("delegation.token.secret.key", null, "The secret with which delegation tokens are signed, the same on all nodes; without it there are none."),
        Long("delegation.token.expiry.time.ms", "86400000", "How long a delegation token is valid unless it is renewed.")
            .AtLeast(1),
        Long("delegation.token.max.lifetime.ms", "604800000", "How long a delegation token can be kept valid by renewing it.")
            .AtLeast(1),
        Long("delegation.token.expiry.check.interval.ms", "3600000", "How often expired delegation tokens are removed.")
            .AtLeast(1),
    ];
}
