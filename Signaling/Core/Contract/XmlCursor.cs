using System.Buffers;
using System.Globalization;
using System.Text;
using System.Xml;

namespace MediaRelay.Signaling.Contract;

/// <summary>
/// A forward-only view of one untrusted document that counts depth, elements, attributes, names and text, refuses DTDs and
/// processing instructions, and remembers the first fault instead of throwing. The object is reused: see <see cref="XmlCursorPool"/>.
/// </summary>
/// <remarks>
/// Once a fault is set every further read is a no-op that returns a default, so that readers need one check at their end.
/// A fault of one message is taken back with <see cref="TakeMessageFault"/>; a fault of the document stays.
/// </remarks>
internal sealed class XmlCursor : IDisposable
{
    private const int NamesBeforeFreshTable = 4096;

    private static readonly char[] s_space = [' ', '\t', '\n', '\r'];
    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    private readonly CharBufferReader _text = new();
    private readonly XmlLimits _limits;
    private XmlReaderSettings _settings;
    private XmlReader? _reader;
    private char[]? _characters;
    private int _elements;
    private int _totalElements;
    private SmaFault? _documentFault;
    private SmaFault? _messageFault;

    public XmlCursor(XmlLimits limits)
    {
        _limits = limits;
        _settings = NewSettings(limits);
    }

    /// <summary>True when reading can go on.</summary>
    public bool IsOk => _documentFault is null && _messageFault is null;

    /// <summary>The fault that makes the whole document unusable.</summary>
    public SmaFault? DocumentFault => _documentFault;

    /// <summary>Local name of the current element.</summary>
    public string Name => _reader!.LocalName;

    public int Line => (_reader as IXmlLineInfo)?.LineNumber ?? 0;

    /// <summary>Starts a document and moves to its root, which must be <paramref name="root"/> of our namespace.</summary>
    public bool Open(ReadOnlySpan<byte> utf8, string root)
    {
        Close();
        if (_totalElements > NamesBeforeFreshTable)
        {
            // The name table never forgets; hostile names must not pile up in a pooled object.
            _settings = NewSettings(_limits);
            _totalElements = 0;
        }

        if (utf8.StartsWith("\uFEFF"u8))
            utf8 = utf8[3..];
        try
        {
            _characters = ArrayPool<char>.Shared.Rent(Math.Max(1, s_utf8.GetCharCount(utf8)));
            int length = s_utf8.GetChars(utf8, _characters);
            if (length > _limits.Characters)
                return FailDocument(SmaFault.Limit, "The document has too many characters.");
            _text.Reset(_characters, length);
            _reader = XmlReader.Create(_text, _settings);
        }
        catch (DecoderFallbackException)
        {
            return FailDocument(SmaFault.Malformed, "The document is not UTF-8.");
        }

        while (Advance())
        {
            if (_reader.NodeType == XmlNodeType.XmlDeclaration)
            {
                string? encoding = _reader.GetAttribute("encoding");
                if (encoding is not null && !encoding.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
                    return FailDocument(SmaFault.Malformed, "The document declares an encoding other than UTF-8.");
            }
            else if (_reader.NodeType == XmlNodeType.Element)
            {
                if (_reader.LocalName != root || _reader.NamespaceURI != SmaContract.Namespace)
                    return FailDocument(SmaFault.Schema, "The root element is not the one expected here.");
                return true;
            }
        }

        return FailDocument(SmaFault.Malformed, "The document has no element.");
    }

    /// <summary>Reads the rest, so that a document that is not well-formed at its end is refused too.</summary>
    public bool Finish()
    {
        if (_messageFault is { } fault)
            _documentFault ??= fault;
        while (_documentFault is null && Advance())
        {
        }

        return _documentFault is null;
    }

    /// <summary>Remembers the current element so that its children can be walked with <see cref="NextChild"/>.</summary>
    public XmlScope Enter() => new(_reader!.Depth, _reader.IsEmptyElement);

    /// <summary>Moves to the next child element of our namespace; false at the end of the scope or after a fault.</summary>
    public bool NextChild(in XmlScope scope)
    {
        if (scope.IsEmpty)
            return false;
        while (IsOk && Advance())
        {
            XmlReader reader = _reader!;
            switch (reader.NodeType)
            {
                case XmlNodeType.Element when reader.Depth == scope.Depth + 1 && reader.NamespaceURI == SmaContract.Namespace:
                    return true;
                case XmlNodeType.EndElement when reader.Depth <= scope.Depth:
                    return false;
                case XmlNodeType.Text or XmlNodeType.CDATA when reader.Depth == scope.Depth + 1:
                    return Fail(SmaFault.Schema, "Text stands where only elements may stand.");
            }
        }

        return false;
    }

    /// <summary>Moves behind the current element whatever it holds; used to leave a message that has a fault.</summary>
    public bool SkipTo(in XmlScope scope)
    {
        if (scope.IsEmpty || (_reader!.NodeType == XmlNodeType.EndElement && _reader.Depth == scope.Depth))
            return _documentFault is null;
        while (_documentFault is null && Advance())
        {
            if (_reader.NodeType == XmlNodeType.EndElement && _reader.Depth == scope.Depth)
                return true;
        }

        return false;
    }

    /// <summary>The fault of the current message, which is forgotten so that the next message can be read.</summary>
    public SmaFault? TakeMessageFault()
    {
        SmaFault? fault = _messageFault;
        _messageFault = null;
        return fault;
    }

    /// <summary>Reads the text of the current element and moves to its end.</summary>
    public string Text(int limit)
    {
        if (!IsOk || _reader!.IsEmptyElement)
            return "";
        int depth = _reader.Depth;
        string result = "";
        StringBuilder? builder = null;
        while (Advance())
        {
            switch (_reader.NodeType)
            {
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace:
                    string piece = _reader.Value;
                    if ((builder?.Length ?? result.Length) + piece.Length > limit)
                    {
                        Fail(SmaFault.Schema, "A text is longer than its type allows.");
                        return "";
                    }

                    if (result.Length == 0 && builder is null)
                        result = piece;
                    else
                        (builder ??= new StringBuilder(result)).Append(piece);
                    break;
                case XmlNodeType.EndElement when _reader.Depth == depth:
                    return builder?.ToString() ?? result;
                case XmlNodeType.Element:
                    Fail(SmaFault.Schema, "An element stands where only text may stand.");
                    return "";
            }
        }

        return "";
    }

    /// <summary>The attribute's raw value, null when absent.</summary>
    public string? Attribute(string name) => IsOk ? _reader!.GetAttribute(name) : null;

    public string RequiredId(string name)
    {
        string? value = OptionalId(name);
        if (value is null)
            Fail(SmaFault.Schema, $"The attribute {name} is missing.");
        return value ?? "";
    }

    public string? OptionalId(string name)
    {
        string? value = Attribute(name)?.Trim(' ', '\t', '\n', '\r');
        if (value is not null && !SmaContract.IsId(value))
            Fail(SmaFault.Schema, $"The attribute {name} is not an identifier of 1-64 characters A-Za-z0-9._-.");
        return value;
    }

    /// <summary>The attribute without the white space around it, null when absent.</summary>
    public string? Token(string name) => Attribute(name)?.Trim(s_space);

    /// <summary>An address, in the sense of the schema's anyURI: white space around it does not count, a second # is none.</summary>
    public string? OptionalUrl(string name, int limit)
    {
        string? value = Token(name);
        if (value is not null && (value.Length > limit || value.Contains("##", StringComparison.Ordinal) || !Uri.TryCreate(value, UriKind.RelativeOrAbsolute, out _)))
            Fail(SmaFault.Schema, $"The attribute {name} is not an address of at most {limit} characters.");
        return value;
    }

    public string? OptionalText(string name, int limit)
    {
        string? value = Attribute(name);
        if (value is not null && value.Length > limit)
            Fail(SmaFault.Schema, $"The attribute {name} is longer than {limit} characters.");
        return value;
    }

    public ulong? OptionalNumber(string name, ulong max, ulong min = 0)
    {
        string? value = Attribute(name);
        if (value is null)
            return null;
        if (!ulong.TryParse(value, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out ulong number)
            || number > max || number < min)
        {
            Fail(SmaFault.Schema, $"The attribute {name} is not a number of its range.");
            return 0;
        }

        return number;
    }

    public ulong RequiredNumber(string name, ulong max, ulong min = 0)
    {
        ulong? value = OptionalNumber(name, max, min);
        if (value is null)
            Fail(SmaFault.Schema, $"The attribute {name} is missing.");
        return value ?? 0;
    }

    public DateTimeOffset? OptionalTime(string name)
    {
        string? value = Attribute(name);
        if (value is null)
            return null;
        if (!SmaTime.TryRead(value.AsSpan().Trim(s_space), out DateTimeOffset time))
            Fail(SmaFault.Schema, $"The attribute {name} is not a time such as 2026-11-21T08:15:28.120Z.");
        return time;
    }

    public DateTimeOffset RequiredTime(string name)
    {
        DateTimeOffset? value = OptionalTime(name);
        if (value is null)
            Fail(SmaFault.Schema, $"The attribute {name} is missing.");
        return value ?? default;
    }

    public bool? OptionalBoolean(string name)
    {
        switch (Attribute(name)?.Trim(' ', '\t', '\n', '\r'))
        {
            case null:
                return null;
            case "true" or "1":
                return true;
            case "false" or "0":
                return false;
            default:
                Fail(SmaFault.Schema, $"The attribute {name} is not true or false.");
                return null;
        }
    }

    /// <summary>A value of a closed list; null when absent.</summary>
    public string? OptionalToken(string name, ReadOnlySpan<string> allowed)
    {
        string? value = Attribute(name)?.Trim(' ', '\t', '\n', '\r');
        if (value is null)
            return null;
        foreach (string token in allowed)
        {
            if (token == value)
                return token;
        }

        Fail(SmaFault.Schema, $"The attribute {name} has a value outside its list.");
        return null;
    }

    /// <summary>Items of a list attribute, separated by white space.</summary>
    public string[] List(string name, int max)
    {
        string? value = Attribute(name);
        if (string.IsNullOrEmpty(value))
            return [];
        string[] items = value.Split(s_space, StringSplitOptions.RemoveEmptyEntries);
        if (items.Length > max)
            Fail(SmaFault.Schema, $"The attribute {name} has more than {max} items.");
        return items;
    }

    /// <summary>Records the first fault of the current message.</summary>
    public bool Fail(string code, string text)
    {
        if (IsOk)
            _messageFault = new SmaFault(code, Line, text);
        return false;
    }

    public void Dispose() => Close();

    /// <summary>Releases the buffers of the document; the object can open another.</summary>
    public void Close()
    {
        _reader?.Dispose();
        _reader = null;
        if (_characters is not null)
            ArrayPool<char>.Shared.Return(_characters);
        _characters = null;
        _totalElements += _elements;
        _elements = 0;
        _documentFault = null;
        _messageFault = null;
    }

    private bool FailDocument(string code, string text)
    {
        _documentFault ??= new SmaFault(code, Line, text);
        return false;
    }

    private bool Advance()
    {
        try
        {
            return _reader!.Read() && Check();
        }
        catch (XmlException e)
        {
            // The text of the exception repeats input; the sentence here does not. Values are read lazily, so they throw too.
            bool isDocumentLimit = e.Message.Contains("MaxCharacters", StringComparison.Ordinal);
            _documentFault ??= new SmaFault(isDocumentLimit ? SmaFault.Limit : SmaFault.Malformed, e.LineNumber, "The document is not well-formed or uses a DTD.");
            return false;
        }
    }

    private bool Check()
    {
        XmlReader reader = _reader!;
        switch (reader.NodeType)
        {
            case XmlNodeType.ProcessingInstruction:
                return FailDocument(SmaFault.Malformed, "Processing instructions are not allowed.");
            case XmlNodeType.Element:
                if (++_elements > _limits.Elements)
                    return FailDocument(SmaFault.Limit, "The document has too many elements.");
                if (reader.Depth >= _limits.Depth)
                    return FailDocument(SmaFault.Limit, "The elements are nested too deeply.");
                if (reader.Name.Length > _limits.Name)
                    return FailDocument(SmaFault.Limit, "An element name is too long.");
                return reader.AttributeCount == 0 || CheckAttributes();
            case XmlNodeType.Text or XmlNodeType.CDATA when reader.Value.Length > _limits.Text:
                return FailDocument(SmaFault.Limit, "A text is too long.");
        }

        return true;
    }

    private bool CheckAttributes()
    {
        if (_reader!.AttributeCount > _limits.Attributes)
            return FailDocument(SmaFault.Limit, "An element has too many attributes.");
        while (_reader.MoveToNextAttribute())
        {
            if (_reader.Name.Length > _limits.Name || _reader.Value.Length > _limits.Text)
                return FailDocument(SmaFault.Limit, "An attribute is too long.");
        }

        return _reader.MoveToElement();
    }

    private static XmlReaderSettings NewSettings(XmlLimits limits)
    {
        var names = new NameTable();
        names.Add(SmaContract.Namespace);
        return new XmlReaderSettings
        {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = limits.Characters,
        MaxCharactersFromEntities = 1024,
        CheckCharacters = true,
        ConformanceLevel = ConformanceLevel.Document,
        IgnoreComments = true,
        CloseInput = false,
        NameTable = names,
        };
    }
}
