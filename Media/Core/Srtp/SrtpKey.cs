namespace MediaRelay.Media.Srtp;

/// <summary>Master key and master salt of one direction.</summary>
/// <param name="Profile">Protection profile.</param>
/// <param name="Key">16 or 32 bytes.</param>
/// <param name="Salt">14 bytes for AES-CM, 12 for GCM.</param>
public sealed record SrtpKey(SrtpProfile Profile, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Salt)
{
    /// <summary>Label for the TLS exporter (RFC 5764 section 4.2).</summary>
    public const string ExporterLabel = "EXTRACTOR-dtls_srtp";

    public static int KeyLength(SrtpProfile profile) => profile == SrtpProfile.AeadAes256Gcm ? 32 : 16;

    public static int SaltLength(SrtpProfile profile) => profile is SrtpProfile.AeadAes128Gcm or SrtpProfile.AeadAes256Gcm ? 12 : 14;

    /// <summary>Number of bytes to ask the exporter for.</summary>
    public static int ExporterLength(SrtpProfile profile) => 2 * (KeyLength(profile) + SaltLength(profile));

    /// <summary>
    /// Splits exported bytes (client key, server key, client salt, server salt) into the key to send with and the key to
    /// receive with.
    /// </summary>
    public static (SrtpKey Send, SrtpKey Receive) FromExporter(SrtpProfile profile, ReadOnlyMemory<byte> exported, bool isDtlsClient)
    {
        var (key, salt) = (KeyLength(profile), SaltLength(profile));
        if (exported.Length != ExporterLength(profile)) throw new ArgumentException($"The exporter gave {exported.Length} bytes, {ExporterLength(profile)} are needed.", nameof(exported));
        var client = new SrtpKey(profile, exported[..key], exported.Slice(2 * key, salt));
        var server = new SrtpKey(profile, exported.Slice(key, key), exported.Slice(2 * key + salt, salt));
        return isDtlsClient ? (client, server) : (server, client);
    }

    /// <summary>Never prints the key.</summary>
    public override string ToString() => Profile.ToString();
}
