using System.Text;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;

namespace MediaRelay.Signaling.Tests.Contract;

/// <summary>Documents that want to hurt: each is refused with a code, in time and memory that do not grow.</summary>
public sealed class HostileXmlTests
{
    private const string Open = "<events xmlns=\"urn:mediarelay:sma:1\" gateway=\"g\" epoch=\"e\">";
    private const string Event = "<event id=\"a\" seq=\"1\" time=\"2026-11-21T08:15:28Z\" kind=\"log\"/>";

    public static TheoryData<string, string, string> Attacks => new()
    {
        { "a billion laughs", "<!DOCTYPE e [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]><events>&b;</events>", "malformed" },
        { "an external entity", "<!DOCTYPE e [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>" + Open + "&a;</events>", "malformed" },
        { "an external DTD", "<!DOCTYPE events SYSTEM \"http://127.0.0.1:1/x.dtd\">" + Open + Event + "</events>", "malformed" },
        { "an undefined entity", Open + "&nbsp;" + Event + "</events>", "malformed" },
        { "a processing instruction", Open + "<?php evil?>" + Event + "</events>", "malformed" },
        { "a processing instruction before the root", "<?xml-stylesheet href=\"x\"?>" + Open + Event + "</events>", "malformed" },
        { "elements nested 20 deep", Open + string.Concat(Enumerable.Repeat("<x xmlns=\"urn:x\">", 20)) + string.Concat(Enumerable.Repeat("</x>", 20)) + Event + "</events>", "limit" },
        { "6000 elements", Open + string.Concat(Enumerable.Repeat("<x xmlns=\"urn:x\"/>", 6000)) + Event + "</events>", "limit" },
        { "40 attributes", Open + "<event id=\"a\" seq=\"1\" time=\"2026-11-21T08:15:28Z\" kind=\"log\" " + string.Concat(Enumerable.Range(0, 40).Select(i => $"a{i}=\"\" ")) + "/></events>", "limit" },
        { "a name of 300 characters", Open + "<" + new string('n', 300) + "/>" + Event + "</events>", "limit" },
        { "an attribute of 70000 characters", Open + "<event x=\"" + new string('v', 70_000) + "\"/></events>", "limit" },
        { "a text of 70000 characters", Open + "<x xmlns=\"urn:x\">" + new string('v', 70_000) + "</x></events>", "limit" },
        { "300000 characters", Open + new string(' ', 300_000) + "</events>", "limit" },
        { "257 events", Open + string.Concat(Enumerable.Repeat(Event, 257)) + "</events>", "limit" },
        { "another root", "<instructions xmlns=\"urn:mediarelay:sma:1\"/>", "schema" },
        { "no namespace", "<events gateway=\"g\" epoch=\"e\">" + Event + "</events>", "schema" },
        { "no event", Open + "</events>", "schema" },
        { "no gateway", "<events xmlns=\"urn:mediarelay:sma:1\" epoch=\"e\">" + Event + "</events>", "schema" },
        { "text between events", Open + "hello" + Event + "</events>", "schema" },
        { "an end that is missing", Open + Event, "malformed" },
        { "something behind the end", Open + Event + "</events><more/>", "malformed" },
        { "two attributes of one name", Open + "<event id=\"a\" id=\"b\"/></events>", "malformed" },
        { "a character that XML does not know", Open + "<x xmlns=\"urn:x\">&#1;</x></events>", "malformed" },
        { "another encoding by name", "<?xml version=\"1.0\" encoding=\"utf-16\"?>" + Open + Event + "</events>", "malformed" },
        { "nothing", "", "malformed" },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public void A_hostile_document_is_refused_with_its_code(string what, string document, string code)
    {
        Assert.False(SmaReader.TryReadEvents(Encoding.UTF8.GetBytes(document), out EventBatch _, out SmaFault fault), what);
        Assert.Equal(code, fault.Code);
        Assert.NotEqual("", fault.Text);
    }

    [Fact]
    public void Octets_that_are_not_utf8_are_refused()
    {
        Assert.False(SmaReader.TryReadEvents([.. Encoding.UTF8.GetBytes(Open), 0xff, 0xfe], out _, out SmaFault fault));
        Assert.Equal(SmaFault.Malformed, fault.Code);
        Assert.False(SmaReader.TryReadEvents(Encoding.Unicode.GetBytes(Open + Event + "</events>"), out _, out fault));
        Assert.Equal(SmaFault.Malformed, fault.Code);
    }

    [Fact]
    public void A_document_beyond_a_mebibyte_is_refused_before_it_is_decoded()
    {
        Assert.False(SmaReader.TryReadEvents(new byte[(1024 * 1024) + 1], out _, out SmaFault fault));
        Assert.Equal(SmaFault.Limit, fault.Code);
    }

    [Fact]
    public void Every_truncation_of_a_document_is_refused_and_leaves_the_pooled_reader_usable()
    {
        byte[] whole = Samples.Documents["event-device.state"];
        for (int length = 0; length < whole.Length; length++)
            Assert.False(SmaReader.TryReadEvents(whole.AsSpan(0, length), out _, out _), $"{length} octets");
        Assert.True(SmaReader.TryReadEvents(whole, out EventBatch batch, out _));
        Assert.Single(batch.Events);
    }
}
