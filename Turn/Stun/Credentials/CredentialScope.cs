using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace MediaRelay.Stun;

/// <summary>
/// The scope part of a timed user name: the media session, and what signalling knows about it, so that a relay can hold a credential to its
/// session without asking anybody. Text form: <c>id</c>, then optionally <c>~r</c> and the session's rate in kbit/s, then
/// optionally <c>~p</c> and the permitted peer addresses in base64url.
/// </summary>
/// <remarks>
/// Each peer is one byte (IPv4: prefix length 0 to 32; IPv6: 0x80 + prefix length - 1) and the leading bytes of the address that the
/// length covers.
/// </remarks>
/// <param name="Id">The media session; without '~'.</param>
/// <param name="KiloBitsPerSecond">Bandwidth of the session, 0 = the relay's default.</param>
/// <param name="Peers">Peer addresses with prefix lengths that signalling has seen as candidates; null when the credential is not held to any.</param>
public sealed record CredentialScope(string Id, int KiloBitsPerSecond = 0, IReadOnlyList<(TransportAddress Address, int PrefixLength)>? Peers = null)
{
    /// <summary>Most peers in one scope; the user name stays below 508 bytes.</summary>
    public const int MaxPeers = 16;

    private const int MaxPeerBytes = MaxPeers * 17;

    /// <summary>Reads a scope; false when it is malformed. A text without '~' is a plain id.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out CredentialScope? scope)
    {
        scope = null;
        var mark = text.IndexOf((byte)'~');
        var id = mark < 0 ? text : text[..mark];
        var rest = mark < 0 ? default : text[(mark + 1)..];
        var rate = 0;
        List<(TransportAddress, int)>? peers = null;
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)'~');
            var part = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            var ok = part.Length > 1 && part[0] switch
            {
                (byte)'r' => Utf8Parser.TryParse(part[1..], out rate, out var used) && used == part.Length - 1 && rate > 0,
                (byte)'p' => TryReadPeers(part[1..], out peers),
                _ => false,
            };
            if (!ok)
                return false;
        }

        scope = new CredentialScope(Encoding.UTF8.GetString(id), rate, peers);
        return true;
    }

    /// <summary>True when no peers are listed or one of them covers the address.</summary>
    public bool Covers(TransportAddress peer)
    {
        if (Peers is null)
            return true;
        for (var i = 0; i < Peers.Count; i++)
        {
            var (address, length) = Peers[i];
            var width = address.IsV4 ? 32 : 128;
            if (address.Family == peer.Family && (length == 0 || (address.Bits ^ peer.Bits) >> (width - length) == 0))
                return true;
        }

        return false;
    }

    /// <summary>The text form, for <see cref="TimedCredential.Issue"/>.</summary>
    /// <exception cref="InvalidOperationException">More than 16 peers, or '~' in the id.</exception>
    public override string ToString()
    {
        if (Id.Contains('~', StringComparison.Ordinal) || Peers?.Count > MaxPeers)
            throw new InvalidOperationException($"A scope has at most {MaxPeers} peers and no '~' in its id.");
        var text = new StringBuilder(Id);
        if (KiloBitsPerSecond > 0)
            text.Append("~r").Append(KiloBitsPerSecond.ToString(CultureInfo.InvariantCulture));
        if (Peers is { Count: > 0 })
            text.Append("~p").Append(Base64Url.EncodeToString(WritePeers(Peers)));
        return text.ToString();
    }

    private static byte[] WritePeers(IReadOnlyList<(TransportAddress Address, int PrefixLength)> peers)
    {
        Span<byte> bytes = stackalloc byte[MaxPeerBytes];
        Span<byte> address = stackalloc byte[16];
        var position = 0;
        foreach (var (peer, length) in peers)
        {
            bytes[position++] = peer.IsV4 ? (byte)length : (byte)(0x80 | (length - 1));
            var covered = (length + 7) / 8;
            peer.WriteAddress(address);
            address[..covered].CopyTo(bytes[position..]);
            position += covered;
        }

        return bytes[..position].ToArray();
    }

    private static bool TryReadPeers(ReadOnlySpan<byte> text, out List<(TransportAddress, int)>? peers)
    {
        peers = null;
        Span<byte> bytes = stackalloc byte[MaxPeerBytes];
        if (text.Length > MaxPeerBytes * 4 / 3 || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromUtf8(text, bytes, out var written))
            return false;
        var rest = bytes[..written];
        var list = new List<(TransportAddress, int)>();
        Span<byte> address = stackalloc byte[16];
        while (!rest.IsEmpty)
        {
            var isV6 = rest[0] >= 0x80;
            var length = isV6 ? (rest[0] & 0x7F) + 1 : rest[0];
            var covered = (length + 7) / 8;
            if ((!isV6 && length > 32) || rest.Length < 1 + covered || list.Count == MaxPeers)
                return false;
            address.Clear();
            rest.Slice(1, covered).CopyTo(address);
            list.Add((TransportAddress.FromBytes(address[..(isV6 ? 16 : 4)], 0), length));
            rest = rest[(1 + covered)..];
        }

        peers = list;
        return true;
    }
}
