namespace MediaRelay.Signaling.Contract;

/// <summary>A <see cref="TextReader"/> over a part of an array that can be aimed at new content without a new object.</summary>
internal sealed class CharBufferReader : TextReader
{
    private char[] _buffer = [];
    private int _length;
    private int _position;

    public void Reset(char[] buffer, int length)
    {
        _buffer = buffer;
        _length = length;
        _position = 0;
    }

    public override int Peek() => _position < _length ? _buffer[_position] : -1;

    public override int Read() => _position < _length ? _buffer[_position++] : -1;

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    public override int Read(Span<char> buffer)
    {
        int count = Math.Min(buffer.Length, _length - _position);
        _buffer.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }
}
