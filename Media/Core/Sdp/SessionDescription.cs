namespace MediaRelay.Media.Sdp;

/// <summary>A session description (RFC 8866): the session part and its m= sections, with every line kept.</summary>
public sealed class SessionDescription : SdpSection
{
    public List<MediaDescription> Media { get; } = [];

    /// <summary>The o= value, or empty.</summary>
    public string Origin => Value('o') ?? "";

    /// <summary>Session id of the o= line; 0 when it is absent.</summary>
    public ulong SessionId => OriginNumber(1);

    /// <summary>Session version of the o= line; 0 when it is absent.</summary>
    public ulong SessionVersion => OriginNumber(2);

    /// <summary>The sender is an ICE lite agent (RFC 8839 section 5.3).</summary>
    public bool IsIceLite => HasAttribute("ice-lite");

    /// <summary>Identification tags of the a=group:BUNDLE lines, one array for each group (RFC 9143).</summary>
    public IReadOnlyList<string[]> BundleGroups
    {
        get
        {
            var groups = new List<string[]>();
            foreach (var value in Attributes("group"))
            {
                var parts = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (parts.Length > 0 && parts[0] == "BUNDLE") groups.Add(parts[1..]);
            }
            return groups;
        }
    }

    /// <summary>An attribute of the section, or of the session when the section has none.</summary>
    public string? Inherited(MediaDescription media, string name) => media.Attribute(name) ?? Attribute(name);

    /// <summary>Fingerprints that count for the section: its own, else those of the session.</summary>
    public IReadOnlyList<DtlsFingerprint> Fingerprints(MediaDescription media)
    {
        var own = media.OwnFingerprints;
        return own.Count > 0 ? own : OwnFingerprints;
    }

    /// <summary>Direction of the section: its own attribute, else that of the session, else sendrecv.</summary>
    public MediaDirection Direction(MediaDescription media) => media.OwnDirection ?? MediaDirections.Of(this) ?? MediaDirection.SendRecv;

    /// <summary>Address of the section's c= line, else of the session's.</summary>
    public string? Connection(MediaDescription media) => media.ConnectionAddress ?? ConnectionAddress;

    /// <summary>True when trickled candidates are understood (RFC 8838).</summary>
    public bool CanTrickle(MediaDescription media) =>
        HasOption(Attribute("ice-options"), "trickle") || HasOption(media.Attribute("ice-options"), "trickle");

    private static bool HasOption(string? options, string name) =>
        options is not null && options.Split(' ', StringSplitOptions.RemoveEmptyEntries).Contains(name, StringComparer.Ordinal);

    private ulong OriginNumber(int index)
    {
        var parts = Origin.Split(' ');
        return parts.Length == 6 && ulong.TryParse(parts[index], out var number) ? number : 0;
    }
}
