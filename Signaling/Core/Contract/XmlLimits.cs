namespace MediaRelay.Signaling.Contract;

/// <summary>Limits on a received document; the defaults are the rules of the interface.</summary>
public sealed record XmlLimits
{
    /// <summary>The rules of sma-sig-1.</summary>
    public static XmlLimits Default { get; } = new();

    /// <summary>Characters in the document, all together.</summary>
    public int Characters { get; init; } = SmaContract.MaxBody;

    /// <summary>Depth of nested elements; the root has depth 1.</summary>
    public int Depth { get; init; } = 16;

    /// <summary>Elements in the document; 256 events with 17 properties each fit.</summary>
    public int Elements { get; init; } = 5000;

    /// <summary>Attributes of one element, namespace declarations included.</summary>
    public int Attributes { get; init; } = 32;

    /// <summary>Characters of one element or attribute name.</summary>
    public int Name { get; init; } = 200;

    /// <summary>Characters of one text or attribute value.</summary>
    public int Text { get; init; } = 65_536;
}
