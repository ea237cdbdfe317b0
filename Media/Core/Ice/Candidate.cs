using System.Globalization;
using System.Text;
using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>
/// One candidate as it stands in an <c>a=candidate</c> line (RFC 8839 section 5.1). What is not understood is kept, so that
/// <see cref="ToString"/> gives back what <see cref="TryRead"/> took.
/// <code>
/// candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE [raddr ADDRESS] [rport PORT] *(NAME VALUE)
/// </code>
/// </summary>
public sealed record Candidate
{
    /// <summary>Longest line that is read, in characters.</summary>
    public const int MaxLength = 2048;

    /// <summary>1 to 32 ice-chars; equal foundations share their fate in checks.</summary>
    public required string Foundation { get; init; }

    /// <summary>1 to 256; only component 1 is used, because RTCP is always multiplexed.</summary>
    public int Component { get; init; } = 1;

    /// <summary>Transport token as written, for example <c>udp</c>.</summary>
    public string Transport { get; init; } = "udp";

    /// <summary>1 to 2^31 - 1.</summary>
    public required uint Priority { get; init; }

    /// <summary>The address; none when the line has a name.</summary>
    public TransportAddress Address { get; init; }

    /// <summary>The name of an mDNS or other candidate that has no address in the line; such candidates are never resolved.</summary>
    public string? HostName { get; init; }

    /// <summary>The port of a candidate with a name.</summary>
    public int HostPort { get; init; }

    /// <summary>The type.</summary>
    public CandidateType Type { get; init; }

    /// <summary>The type token as written.</summary>
    public string TypeToken { get; init; } = "host";

    /// <summary>Related address as text, null when absent. For reports only.</summary>
    public string? RelatedAddress { get; init; }

    /// <summary>Related port, null when absent.</summary>
    public int? RelatedPort { get; init; }

    /// <summary>The extension attributes as written, without leading space, for example <c>generation 0 ufrag aB3+</c>.</summary>
    public string Extensions { get; init; } = "";

    /// <summary>True for the candidates this agent can pair: UDP, component 1, a known type and an address.</summary>
    public bool IsUsable => Component == 1 && HostName is null && Type != CandidateType.Unknown && Address.Port != 0
        && Transport.Equals("udp", StringComparison.OrdinalIgnoreCase);

    /// <summary>The generation's user name fragment when the line carries one (RFC 8839 section 5.1 extension <c>ufrag</c>).</summary>
    public string? UsernameFragment => Extension("ufrag");

    /// <summary>Reads a line with or without <c>a=</c> and line end. Never throws.</summary>
    public static bool TryRead(ReadOnlySpan<char> line, out Candidate? candidate, out CandidateError error) =>
        CandidateReader.TryRead(line, out candidate, out error);

    /// <summary>The value of an extension attribute, null when absent.</summary>
    public string? Extension(string name)
    {
        var isValue = false;
        var isWanted = false;
        foreach (var range in Extensions.AsSpan().Split(' '))
        {
            var token = Extensions.AsSpan()[range];
            if (isValue && isWanted) return token.ToString();
            isWanted = !isValue && token.SequenceEqual(name);
            isValue = !isValue;
        }
        return null;
    }

    /// <summary>The attribute's value, <c>candidate:...</c>, without <c>a=</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(96);
        var address = HostName ?? Address.AddressText();
        var port = HostName is null ? Address.Port : HostPort;
        text.Append(CultureInfo.InvariantCulture, $"candidate:{Foundation} {Component} {Transport} {Priority} {address} {port} typ {TypeToken}");
        if (RelatedAddress is not null) text.Append(CultureInfo.InvariantCulture, $" raddr {RelatedAddress}");
        if (RelatedPort is { } related) text.Append(CultureInfo.InvariantCulture, $" rport {related}");
        if (Extensions.Length > 0) text.Append(' ').Append(Extensions);
        return text.ToString();
    }

    internal static string TokenOf(CandidateType type) => type switch
    {
        CandidateType.Host => "host",
        CandidateType.ServerReflexive => "srflx",
        CandidateType.PeerReflexive => "prflx",
        CandidateType.Relayed => "relay",
        _ => "unknown",
    };
}
