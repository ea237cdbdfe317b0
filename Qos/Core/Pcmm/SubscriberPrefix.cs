using System.Globalization;

namespace MediaRelay.Qos.Pcmm;

/// <summary>A range of subscriber addresses, such as 10.1.0.0/16; an address alone is a range of one.</summary>
public readonly record struct SubscriberPrefix(SubscriberId Network, int Length)
{
    private int Width => Network.IsV6 ? 128 : 32;

    public bool Contains(SubscriberId subscriber) =>
        subscriber.IsV6 == Network.IsV6 && (Length == 0 || ((subscriber.Address ^ Network.Address) >> (Width - Length)) == UInt128.Zero);

    /// <summary>False when the text is not an address with an optional length, or when bits beyond the length are set.</summary>
    public static bool TryParse(string text, out SubscriberPrefix prefix)
    {
        prefix = default;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!SubscriberId.TryParse(slash < 0 ? text : text[..slash], out SubscriberId network)) return false;
        int width = network.IsV6 ? 128 : 32, length = width;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > width)) return false;
        UInt128 host = length == width ? 0 : (UInt128.One << (width - length)) - 1;
        if ((network.Address & host) != 0) return false;
        prefix = new SubscriberPrefix(network, length);
        return true;
    }

    public override string ToString() => $"{Network}/{Length}";
}
