using System.Xml;
using System.Xml.Schema;

namespace MediaRelay.Signaling.Contract;

/// <summary>The published XML Schema 1.0 documents of the contract; they are part of the assembly.</summary>
public static class SmaSchemas
{
    private const string Prefix = "sma-1/";

    /// <summary>The document that includes all others.</summary>
    public const string Root = "sma-1.xsd";

    /// <summary>File names of all documents, the root first.</summary>
    public static IReadOnlyList<string> Names { get; } = [Root, "common.xsd", "instructions.xsd", "events.xsd", "session.xsd"];

    /// <summary>The document's octets, or null when there is none of that name.</summary>
    public static byte[]? Read(string name)
    {
        if (!Names.Contains(name))
            return null;
        using Stream? stream = typeof(SmaSchemas).Assembly.GetManifestResourceStream(Prefix + name);
        if (stream is null)
            return null;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    /// <summary>Compiles the contract; it is read from the assembly only, no other place is ever asked.</summary>
    public static XmlSchemaSet Compile()
    {
        var set = new XmlSchemaSet { XmlResolver = new EmbeddedResolver() };
        using var reader = XmlReader.Create(new MemoryStream(Read(Root)!), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null }, "sma:///" + Root);
        set.Add(SmaContract.Namespace, reader);
        set.Compile();
        return set;
    }

    private sealed class EmbeddedResolver : XmlResolver
    {
        public override object? GetEntity(Uri absoluteUri, string? role, Type? ofObjectToReturn) =>
            Read(Path.GetFileName(absoluteUri.AbsolutePath)) is { } content ? new MemoryStream(content) : null;
    }
}
