using FsCheck;
using FsCheck.Fluent;
using MediaRelay.Tests.Support;

namespace MediaRelay.Stun.Tests;

public class StreamReaderTests
{
    [Fact]
    public void Any_cut_of_the_stream_gives_every_message_once() =>
        Prop.ForAll<byte[], PositiveInt>((sizes, cut) =>
        {
            var stream = new List<byte>();
            var expected = new List<string>();
            foreach (var size in sizes)
            {
                var message = new byte[ChannelData.StreamLength(size)];
                message.AsSpan().Fill(size);
                ChannelData.WriteHeader(message, 0x4000, size);
                stream.AddRange(message);
                expected.Add(Convert.ToHexString(message.AsSpan(0, size + 4)));
            }

            var reader = new StunStreamReader(maxMessage: 260);
            var found = new List<string>();
            for (var at = 0; at < stream.Count;)
            {
                var count = Math.Min(Math.Min(cut.Get, reader.Free.Length), stream.Count - at);
                stream.GetRange(at, count).ToArray().CopyTo(reader.Free);
                reader.Advance(count);
                at += count;
                while (reader.TryRead(out _, out var message))
                    found.Add(Convert.ToHexString(message.Span));
            }

            return reader.Pending == 0 && !reader.IsBroken && found.SequenceEqual(expected);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_broken_stream_stays_broken()
    {
        var reader = new StunStreamReader();
        "GET / HTTP/1.1"u8.CopyTo(reader.Free.Span);
        reader.Advance(14);
        Assert.False(reader.TryRead(out var kind, out _));
        Assert.Equal(StunFrameKind.Malformed, kind);
        Assert.True(reader.IsBroken);
        new byte[] { 0x40, 0, 0, 0 }.CopyTo(reader.Free);
        reader.Advance(4);
        Assert.False(reader.TryRead(out _, out _));
    }

    [Fact]
    public void Reading_messages_of_a_stream_allocates_nothing()
    {
        var reader = new StunStreamReader();
        var read = 0;
        AllocationCheck.Zero(() =>
        {
            var free = reader.Free.Span;
            ChannelData.WriteHeader(free, 0x4000, 100);
            reader.Advance(104);
            read += reader.TryRead(out _, out var message) ? message.Length : 0;
        });
        Assert.NotEqual(0, read);
    }

    [Fact]
    public void More_than_was_free_cannot_be_advanced() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new StunStreamReader(100).Advance(201));
}
