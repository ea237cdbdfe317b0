using System.Security.Cryptography;
using System.Text;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>A bearer token for a player, as it is kept: never the token itself.</summary>
/// <param name="Id">Name for lists and for taking it back.</param>
/// <param name="User">Whose it is.</param>
/// <param name="Label">What it is for, in the person's words.</param>
/// <param name="Made">When it was made.</param>
/// <param name="Until">Its end.</param>
/// <param name="Account">Digest of the account's password record: a new password ends the token, and so does a new account of the same name.</param>
public sealed record PortalToken(string Id, string User, string Label, DateTimeOffset Made, DateTimeOffset Until, string Account);

/// <summary>
/// Bearer tokens with which players of other origins look in for a person. They are kept as SHA-256 of 256 random bits, live until their end at
/// most, and do nothing but WHEP.
/// </summary>
public sealed class PortalTokens(IStorage storage, PortalUsers users, TimeProvider time)
{
    /// <summary>Longest life in days.</summary>
    public const int MaxDays = 90;

    /// <summary>Life in days when none is named.</summary>
    public const int UsualDays = 30;

    private const string Kind = "token";
    private const int MaxOfPerson = 20;

    /// <summary>Makes a token: the text, shown once, and what is kept. Null when the person has too many.</summary>
    public async Task<(string Text, PortalToken Token)?> CreateAsync(PortalUser user, string label, int days)
    {
        if (List(user.Id).Count >= MaxOfPerson)
            return null;
        string text = PortalSessions.Secret();
        DateTimeOffset now = time.GetUtcNow();
        var token = new PortalToken($"t-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}", user.Id, label, now, now.AddDays(Math.Clamp(days, 1, MaxDays)), AccountOf(user));
        await storage.Documents.SaveAsync([new StoredDocument(Kind, PortalSessions.Key(text), user.Id, true, now, PortalJson.Write(token))]).ConfigureAwait(false);
        return (text, token);
    }

    /// <summary>Tokens of a person that still work, newest first.</summary>
    public IReadOnlyList<PortalToken> List(string user) => [.. Documents(user).Select(d => PortalJson.Read<PortalToken>(d.Json)).Where(IsOpen)];

    /// <summary>Takes a token back; false when the person has none of that id. With it go those that have ended.</summary>
    public async Task<bool> RemoveAsync(string user, string id)
    {
        bool removed = false;
        foreach (StoredDocument document in Documents(user))
        {
            PortalToken token = PortalJson.Read<PortalToken>(document.Json);
            if (token.Id == id || !IsOpen(token))
                removed |= await storage.Documents.RemoveAsync(Kind, document.Id).ConfigureAwait(false) && token.Id == id;
        }

        return removed;
    }

    /// <summary>The token whose text has this hash, null when there is none or it has ended.</summary>
    internal PortalToken? Find(string key) =>
        storage.Documents.Find(Kind, key) is { } document && PortalJson.Read<PortalToken>(document.Json) is var token && IsOpen(token) ? token : null;

    private bool IsOpen(PortalToken token) => token.Until > time.GetUtcNow() && users.Find(token.User) is { } user && AccountOf(user) == token.Account;

    private IReadOnlyList<StoredDocument> Documents(string user) => storage.Documents.List(Kind, user, null, null, 200);

    private static string AccountOf(PortalUser user) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(user.Password)));
}
