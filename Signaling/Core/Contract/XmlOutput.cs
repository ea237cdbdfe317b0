using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace MediaRelay.Signaling.Contract;

/// <summary>Writes our documents as UTF-8 into a growing buffer; escapes everything, and replaces characters that XML 1.0 cannot carry.</summary>
public sealed class XmlOutput
{
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private bool _open;

    /// <summary>What was written since the last <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    /// <summary>As <see cref="Written"/>, for asynchronous senders.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _buffer.WrittenMemory;

    /// <summary>Empties the buffer and keeps its memory.</summary>
    public void Clear()
    {
        _buffer.ResetWrittenCount();
        _open = false;
    }

    /// <summary>Starts the root element of a document, with our namespace.</summary>
    public void StartDocument(ReadOnlySpan<byte> name)
    {
        Start(name);
        _buffer.Write(" xmlns=\"urn:mediarelay:sma:1\""u8);
    }

    /// <summary>Starts an element.</summary>
    public void Start(ReadOnlySpan<byte> name)
    {
        CloseTag();
        _buffer.Write("<"u8);
        _buffer.Write(name);
        _open = true;
    }

    /// <summary>Ends an element; writes the short form when it is empty.</summary>
    public void End(ReadOnlySpan<byte> name)
    {
        if (_open)
        {
            _buffer.Write("/>"u8);
            _open = false;
            return;
        }

        _buffer.Write("</"u8);
        _buffer.Write(name);
        _buffer.Write(">"u8);
    }

    /// <summary>Writes an attribute; nothing when the value is null.</summary>
    public void Attribute(ReadOnlySpan<byte> name, string? value)
    {
        if (value is null)
            return;
        AttributeStart(name);
        Escape(value, inAttribute: true);
        _buffer.Write("\""u8);
    }

    /// <summary>Writes a number; nothing when the value is null.</summary>
    public void Attribute(ReadOnlySpan<byte> name, ulong? value)
    {
        if (value is not { } number)
            return;
        AttributeStart(name);
        Span<byte> span = _buffer.GetSpan(20);
        Utf8Formatter.TryFormat(number, span, out int length);
        _buffer.Advance(length);
        _buffer.Write("\""u8);
    }

    /// <summary>Writes a time in UTC with milliseconds; nothing when the value is null.</summary>
    public void Attribute(ReadOnlySpan<byte> name, DateTimeOffset? value)
    {
        if (value is not { } time)
            return;
        AttributeStart(name);
        SmaTime.Write(time, _buffer.GetSpan(SmaTime.Length));
        _buffer.Advance(SmaTime.Length);
        _buffer.Write("\""u8);
    }

    /// <summary>Writes the items separated by a space; nothing when there are none.</summary>
    public void Attribute(ReadOnlySpan<byte> name, IReadOnlyList<string> items)
    {
        if (items.Count > 0)
            Attribute(name, string.Join(' ', items));
    }

    /// <summary>Writes the text of the current element.</summary>
    public void Text(string value)
    {
        if (value.Length == 0)
            return;
        CloseTag();
        Escape(value, inAttribute: false);
    }

    /// <summary>Copies finished XML, e.g. a stored message.</summary>
    public void Raw(ReadOnlySpan<byte> xml)
    {
        CloseTag();
        _buffer.Write(xml);
    }

    private void AttributeStart(ReadOnlySpan<byte> name)
    {
        _buffer.Write(" "u8);
        _buffer.Write(name);
        _buffer.Write("=\""u8);
    }

    private void CloseTag()
    {
        if (_open)
            _buffer.Write(">"u8);
        _open = false;
    }

    private void Escape(string value, bool inAttribute)
    {
        int start = 0;
        for (int i = 0; i < value.Length; i++)
        {
            ReadOnlySpan<byte> replacement;
            char c = value[i];
            if (c is >= '?' and < '\ud800' or >= ' ' and <= '~' and not ('<' or '>' or '&' or '"'))
                continue;
            if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
            {
                i++;
                continue;
            }

            switch (c)
            {
                case '<': replacement = "&lt;"u8; break;
                case '>': replacement = "&gt;"u8; break;
                case '&': replacement = "&amp;"u8; break;
                case '"' when inAttribute: replacement = "&quot;"u8; break;
                case '\t' when inAttribute: replacement = "&#x9;"u8; break;
                case '\n' when inAttribute: replacement = "&#xA;"u8; break;
                case '\r': replacement = "&#xD;"u8; break;
                case '"' or '\t' or '\n': continue;
                case < ' ' or '\uFFFE' or '\uFFFF': replacement = "\uFFFD"u8; break;
                default:
                    if (char.IsSurrogate(c))
                    {
                        replacement = "\uFFFD"u8;
                        break;
                    }

                    continue;
            }

            Utf8(value.AsSpan(start, i - start));
            _buffer.Write(replacement);
            start = i + 1;
        }

        Utf8(value.AsSpan(start));
    }

    private void Utf8(ReadOnlySpan<char> text)
    {
        if (!text.IsEmpty)
            Encoding.UTF8.GetBytes(text, _buffer);
    }
}
