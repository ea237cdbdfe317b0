using MediaRelay.Stun;

namespace MediaRelay.Turn.Access;

/// <summary>A configured user. The password itself is not kept: only the keys that answer a request (RFC 8656 section 6).</summary>
/// <param name="Name">User name, prepared with OpaqueString, in UTF-8.</param>
/// <param name="Md5Key">MD5(name ":" realm ":" password).</param>
/// <param name="Sha256Key">SHA-256(name ":" realm ":" password).</param>
public sealed record StaticUser(ReadOnlyMemory<byte> Name, LongTermKey Md5Key, LongTermKey Sha256Key)
{
    /// <summary>Derives both keys; name and password prepared already.</summary>
    public static StaticUser Create(string name, string realm, string password) => new(
        System.Text.Encoding.UTF8.GetBytes(name),
        LongTermKey.Derive(PasswordAlgorithm.Md5, name, realm, password),
        LongTermKey.Derive(PasswordAlgorithm.Sha256, name, realm, password));

    internal LongTermKey KeyFor(PasswordAlgorithm algorithm) => algorithm == PasswordAlgorithm.Sha256 ? Sha256Key : Md5Key;

    public override string ToString() => "StaticUser";
}
