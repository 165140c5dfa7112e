using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>SASL: mechanisms, logins, Kerberos and OAuth.</summary>
internal static class SaslKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        List("sasl.enabled.mechanisms", "GSSAPI", "The SASL mechanisms that clients may use.")
            .PerBroker(),
        String("sasl.mechanism.inter.broker.protocol", "GSSAPI", "The SASL mechanism between brokers.")
            .PerBroker(),
        String("sasl.mechanism.controller.protocol", "GSSAPI", "The SASL mechanism between brokers and controllers."),
        Password("sasl.jaas.config", null, "The login configuration, in JAAS form.")
            .PerBroker(),
        Class("sasl.client.callback.handler.class", null, "The class that answers the questions of a SASL client."),
        Class("sasl.server.callback.handler.class", null, "The class that answers the questions of a SASL server."),
        Class("sasl.login.callback.handler.class", null, "The class that answers the questions of a login."),
        Class("sasl.login.class", null, "The class that performs the login."),
        Int("sasl.server.max.receive.size", "524288", "The largest message of an unfinished SASL exchange."),
        Int("sasl.login.connect.timeout.ms", null, "How long a connection to the identity provider may take to be made."),
        Int("sasl.login.read.timeout.ms", null, "How long the identity provider may take to answer."),
        Long("sasl.login.retry.backoff.ms", "100", "The first pause between attempts at the identity provider."),
        Long("sasl.login.retry.backoff.max.ms", "10000", "The longest pause between attempts at the identity provider."),
        Double("sasl.login.refresh.window.factor", "0.8", "After which share of its life a credential is renewed.")
            .PerBroker(),
        Double("sasl.login.refresh.window.jitter", "0.05", "The random part of the time at which a credential is renewed.")
            .PerBroker(),
        Short("sasl.login.refresh.min.period.seconds", "60", "The shortest time between two renewals of a credential.")
            .PerBroker(),
        Short("sasl.login.refresh.buffer.seconds", "300", "How long before its end a credential is renewed at the latest.")
            .PerBroker(),
        String("sasl.kerberos.service.name", null, "The Kerberos principal under which the server runs.")
            .PerBroker(),
        String("sasl.kerberos.kinit.cmd", "/usr/bin/kinit", "The path of kinit.")
            .PerBroker(),
        Long("sasl.kerberos.min.time.before.relogin", "60000", "The shortest time between two Kerberos logins.")
            .PerBroker(),
        List("sasl.kerberos.principal.to.local.rules", "DEFAULT", "How a Kerberos principal becomes a user name.")
            .PerBroker(),
        Double("sasl.kerberos.ticket.renew.jitter", "0.05", "The random part of the time at which a ticket is renewed.")
            .PerBroker(),
        Double("sasl.kerberos.ticket.renew.window.factor", "0.8", "After which share of its life a ticket is renewed.")
            .PerBroker(),
        String("sasl.oauthbearer.assertion.algorithm", "RS256", "The algorithm that signs assertions.")
            .OneOfInAnyCase("ES256", "RS256"),
        String("sasl.oauthbearer.assertion.claim.aud", null, "The audience that assertions are made for."),
        Int("sasl.oauthbearer.assertion.claim.exp.seconds", "300", "How long assertions are valid.")
            .Within(0, 86_400),
        String("sasl.oauthbearer.assertion.claim.iss", null, "The issuer that assertions name."),
        Boolean("sasl.oauthbearer.assertion.claim.jti.include", "false", "Whether assertions get an id of their own."),
        Int("sasl.oauthbearer.assertion.claim.nbf.seconds", "60", "How far in the past the validity of assertions begins.")
            .Within(0, 3_600),
        String("sasl.oauthbearer.assertion.claim.sub", null, "The subject that assertions name."),
        String("sasl.oauthbearer.assertion.file", null, "A file with a ready assertion."),
        String("sasl.oauthbearer.assertion.private.key.file", null, "The file of the key that signs assertions."),
        Password("sasl.oauthbearer.assertion.private.key.passphrase", null, "The password of that key."),
        String("sasl.oauthbearer.assertion.template.file", null, "A file with more headers and claims of assertions."),
        String("sasl.oauthbearer.client.credentials.client.id", null, "The client's id at the identity provider."),
        Password("sasl.oauthbearer.client.credentials.client.secret", null, "The client's secret at the identity provider."),
        Int("sasl.oauthbearer.clock.skew.seconds", "30", "How far the clocks of the identity provider and the broker may differ."),
        List("sasl.oauthbearer.expected.audience", "", "The audiences of which a token must name one."),
        String("sasl.oauthbearer.expected.issuer", null, "The issuer that a token must name."),
        Long("sasl.oauthbearer.jwks.endpoint.refresh.ms", "3600000", "How often the issuer's keys are read again."),
        Long("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", "100", "The first pause between attempts to read the issuer's keys."),
        Long("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", "10000", "The longest pause between attempts to read the issuer's keys."),
        String("sasl.oauthbearer.jwks.endpoint.url", null, "Where the issuer's keys are."),
        Class("sasl.oauthbearer.jwt.retriever.class", "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever", "The class that fetches tokens."),
        Class("sasl.oauthbearer.jwt.validator.class", "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator", "The class that checks tokens."),
        String("sasl.oauthbearer.scope", null, "The scope that a token is asked for."),
        String("sasl.oauthbearer.scope.claim.name", "scope", "The claim that holds a token's scope."),
        String("sasl.oauthbearer.sub.claim.name", "sub", "The claim that holds a token's subject."),
        String("sasl.oauthbearer.token.endpoint.url", null, "Where tokens are issued."),
    ];
}
