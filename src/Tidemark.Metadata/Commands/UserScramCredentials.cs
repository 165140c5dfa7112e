using System.Security.Cryptography;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>Sets, removes and lists SCRAM credentials (KIP-554). The client salts the password; only keys derived from it are kept (RFC 5802).</summary>
public static class UserScramCredentials
{
    private const sbyte Sha256 = 1;
    private const sbyte Sha512 = 2;
    private const int IterationsMin = 4096;
    private const int IterationsMax = 16384;

    public static Decision<AlterUserScramCredentialsResponse> Decide(ControllerContext context, AlterUserScramCredentialsRequest request)
    {
        List<ScramUser> named = [.. request.Deletions.Select(each => new ScramUser(each.Name, each.Mechanism)),
            .. request.Upsertions.Select(each => new ScramUser(each.Name, each.Mechanism))];
        var problems = new Dictionary<string, (ErrorCode Code, string Message)>(StringComparer.Ordinal);
        foreach (ScramUser user in context.Version.HasScram ? [] : named)
        {
            Note(user.Name, (ErrorCode.UnsupportedVersion, $"Users are kept from metadata version 3.5-IV2 on; this cluster's is {context.Version.Name}."));
        }

        var seen = new HashSet<ScramUser>();
        foreach (AlterUserScramCredentialsRequest.ScramCredentialDeletion each in request.Deletions)
        {
            Note(each.Name, CheckRepetition(each.Name, each.Mechanism) ?? Check(each.Name, each.Mechanism) ?? CheckPresence(context.Image, each));
        }

        foreach (AlterUserScramCredentialsRequest.ScramCredentialUpsertion each in request.Upsertions)
        {
            Note(each.Name, CheckRepetition(each.Name, each.Mechanism) ?? Check(each.Name, each.Mechanism) ?? CheckSecret(each));
        }

        var records = new List<MetadataRecord>();
        foreach (AlterUserScramCredentialsRequest.ScramCredentialDeletion each in request.Deletions.Where(each => !problems.ContainsKey(each.Name)))
        {
            records.Add(new RemoveUserScramCredentialRecord { Name = each.Name, Mechanism = each.Mechanism });
        }

        foreach (AlterUserScramCredentialsRequest.ScramCredentialUpsertion each in request.Upsertions.Where(each => !problems.ContainsKey(each.Name)))
        {
            records.Add(Derive(each));
        }

        var response = new AlterUserScramCredentialsResponse();
        foreach (string name in named.Select(user => user.Name).Distinct())
        {
            bool isRefused = problems.TryGetValue(name, out (ErrorCode Code, string Message) problem);
            response.Results.Add(new AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult
            {
                User = name,
                ErrorCode = problem.Code,
                ErrorMessage = isRefused ? problem.Message : null,
            });
        }

        return new Decision<AlterUserScramCredentialsResponse>(records, response);

        (ErrorCode Code, string Message)? CheckRepetition(string name, sbyte mechanism) =>
            seen.Add(new ScramUser(name, mechanism)) ? null : (ErrorCode.DuplicateResource, $"A credential of user {name} comes twice in the request.");

        // The first problem of a user is the one that is told.
        void Note(string name, (ErrorCode Code, string Message)? problem)
        {
            if (problem is { } found)
            {
                problems.TryAdd(name, found);
            }
        }
    }

    /// <summary>The credentials of some users, or of all when none is named.</summary>
    public static DescribeUserScramCredentialsResponse Answer(MetadataImage image, DescribeUserScramCredentialsRequest request)
    {
        var response = new DescribeUserScramCredentialsResponse { ErrorMessage = null };
        ILookup<string, (sbyte Mechanism, int Iterations)> known =
            image.ScramCredentials.ToLookup(each => each.Key.Name, each => (each.Key.Mechanism, each.Value.Iterations), StringComparer.Ordinal);
        IEnumerable<IGrouping<string, string>> asked = (request.Users is { Count: > 0 } users ? users.Select(user => user.Name) : known.Select(user => user.Key))
            .GroupBy(name => name, StringComparer.Ordinal)
            .OrderBy(same => same.Key, StringComparer.Ordinal);
        foreach (IGrouping<string, string> same in asked)
        {
            var result = new DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult { User = same.Key, ErrorMessage = null };
            if (same.Count() > 1)
            {
                result.ErrorCode = ErrorCode.DuplicateResource;
                result.ErrorMessage = $"User {same.Key} comes twice in the request.";
            }
            else if (!known.Contains(same.Key))
            {
                result.ErrorCode = ErrorCode.ResourceNotFound;
                result.ErrorMessage = $"User {same.Key} has no credentials.";
            }
            else
            {
                result.CredentialInfos.AddRange(known[same.Key].Select(each => new DescribeUserScramCredentialsResponse.CredentialInfo
                {
                    Mechanism = each.Mechanism,
                    Iterations = each.Iterations,
                }));
            }

            response.Results.Add(result);
        }

        return response;
    }

    private static (ErrorCode Code, string Message)? Check(string name, sbyte mechanism) =>
        name.Length == 0 ? (ErrorCode.UnacceptableCredential, "A user's name must not be empty.")
        : mechanism is not (Sha256 or Sha512) ? (ErrorCode.UnsupportedSaslMechanism, $"Mechanism {mechanism}: allowed are 1 (SCRAM-SHA-256) and 2 (SCRAM-SHA-512).")
        : null;

    private static (ErrorCode Code, string Message)? CheckPresence(MetadataImage image, AlterUserScramCredentialsRequest.ScramCredentialDeletion each) =>
        image.ScramCredentials.ContainsKey(new ScramUser(each.Name, each.Mechanism))
            ? null
            : (ErrorCode.ResourceNotFound, $"User {each.Name} has no credential of mechanism {each.Mechanism}.");

    private static (ErrorCode Code, string Message)? CheckSecret(AlterUserScramCredentialsRequest.ScramCredentialUpsertion each) =>
        each.Iterations is < IterationsMin or > IterationsMax
            ? (ErrorCode.UnacceptableCredential, $"{each.Iterations} iterations: allowed are {IterationsMin} to {IterationsMax}.")
            : each.SaltedPassword.IsEmpty ? (ErrorCode.UnacceptableCredential, "The salted password must not be empty.")
            : null;

    private static UserScramCredentialRecord Derive(AlterUserScramCredentialsRequest.ScramCredentialUpsertion each)
    {
        ReadOnlySpan<byte> salted = each.SaltedPassword.Span;
        bool isShort = each.Mechanism == Sha256;
        byte[] client = isShort ? HMACSHA256.HashData(salted, "Client Key"u8) : HMACSHA512.HashData(salted, "Client Key"u8);
        return new UserScramCredentialRecord
        {
            Name = each.Name,
            Mechanism = each.Mechanism,
            Salt = each.Salt.ToArray(),
            StoredKey = isShort ? SHA256.HashData(client) : SHA512.HashData(client),
            ServerKey = isShort ? HMACSHA256.HashData(salted, "Server Key"u8) : HMACSHA512.HashData(salted, "Server Key"u8),
            Iterations = each.Iterations,
        };
    }
}
