namespace MediaRelay.Media.Srtp;

/// <summary>Which of the last 128 packet indices have been accepted (RFC 3711 section 3.3.2).</summary>
internal struct ReplayWindow
{
    public const int Size = 128;

    private UInt128 _seen;

    /// <summary>Highest accepted index; -1 before the first.</summary>
    public long Highest { get; private set; }

    public static ReplayWindow Empty => new() { Highest = -1 };

    /// <summary>True when the index is new and not too old.</summary>
    public readonly bool IsFresh(long index)
    {
        var age = Highest - index;
        return age < 0 || (age < Size && ((_seen >> (int)age) & 1) == 0);
    }

    /// <summary>Marks an index; only after the packet has been authenticated.</summary>
    public void Accept(long index)
    {
        var ahead = index - Highest;
        if (ahead > 0)
        {
            _seen = ahead >= Size || Highest < 0 ? 1 : (_seen << (int)ahead) | 1;
            Highest = index;
        }
        else if (-ahead < Size)
        {
            _seen |= UInt128.One << (int)-ahead;
        }
    }
}
