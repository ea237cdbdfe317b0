using System.Globalization;
using MediaRelay.Stun;

namespace MediaRelay.Server.CoturnImport;

/// <summary>coturn's <c>ip</c>, <c>ip-ip</c> or <c>ip/bits</c> as the smallest list of prefixes.</summary>
internal static class PeerRange
{
    public static bool TryRead(string text, out List<string> prefixes)
    {
        prefixes = [];
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0)
        {
            if (!TransportAddress.TryParseAddress(text.AsSpan(0, slash), 0, out var network)
                || !byte.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var bits) || bits > (network.IsV4 ? 32 : 128))
                return false;
            prefixes.Add(text);
            return true;
        }

        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var first = dash < 0 ? text : text[..dash];
        var last = dash < 0 ? text : text[(dash + 1)..];
        if (!TransportAddress.TryParseAddress(first.Trim(), 0, out var from) || !TransportAddress.TryParseAddress(last.Trim(), 0, out var to)
            || from.Family != to.Family || from.Bits > to.Bits)
            return false;
        Split(from, to, prefixes);
        return true;
    }

    private static void Split(TransportAddress from, TransportAddress to, List<string> prefixes)
    {
        var width = from.IsV4 ? 32 : 128;
        UInt128 at = from.Bits, end = to.Bits;
        while (true)
        {
            // The largest block that starts here, is aligned, and does not reach beyond the end.
            var free = 0;
            while (free < width && (at & (((UInt128)1 << free) | (((UInt128)1 << free) - 1))) == 0 && BlockEnd(at, free + 1, width) <= end && BlockEnd(at, free + 1, width) >= at)
                free++;
            var address = from.IsV4 ? TransportAddress.V4((uint)at, 0) : TransportAddress.V6(at, 0);
            prefixes.Add(string.Create(CultureInfo.InvariantCulture, $"{address.AddressText()}/{width - free}"));
            var last = BlockEnd(at, free, width);
            if (last >= end)
                return;
            at = last + 1;
        }
    }

    private static UInt128 BlockEnd(UInt128 start, int free, int width) => free >= width && width == 128 ? UInt128.MaxValue : start + (((UInt128)1 << free) - 1);
}
