namespace MediaRelay.Turn.Client;

/// <summary>
/// What a TURN client proves itself with: a user name and password, or an access token of RFC 7635, where
/// <see cref="Username"/> is the key identifier (kid).
/// </summary>
public sealed record TurnCredential
{
    private TurnCredential(string username) => Username = username;

    public string Username { get; }

    internal string Password { get; private init; } = "";

    internal ReadOnlyMemory<byte> Token { get; private init; }

    internal ReadOnlyMemory<byte> MacKey { get; private init; }

    internal bool IsToken => !Token.IsEmpty;

    /// <summary>Long-term credential. Both texts go through OpaqueString; text it does not allow is used as it stands.</summary>
    public static TurnCredential FromPassword(string username, string password) => new(Prepare(username)) { Password = Prepare(password) };

    public static TurnCredential FromToken(string keyId, ReadOnlyMemory<byte> token, ReadOnlyMemory<byte> macKey) =>
        new(keyId) { Token = token, MacKey = macKey };

    /// <summary>Hides password and token.</summary>
    public override string ToString() => $"TurnCredential({Username})";

    private static string Prepare(string text) => Stun.OpaqueString.TryPrepare(text, out var prepared) ? prepared : text;
}
