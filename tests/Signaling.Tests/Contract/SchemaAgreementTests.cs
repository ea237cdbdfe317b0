using System.Text;
using System.Xml;
using System.Xml.Linq;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Contract;

/// <summary>
/// The hand-written reader and the published schema hold the same contract: they are given the same documents, as our writer makes them and
/// with one or two values changed, and must agree.
/// </summary>
/// <remarks>
/// What the reader lets pass on purpose is not tried here, because receivers never drop a message for it (sma-sig-1 section 8): names that it does
/// not know, the order of elements, and content of elements that have none. Comments and processing instructions are for the hostile documents.
/// </remarks>
public sealed class SchemaAgreementTests
{
    private const int Documents = 60;
    private const int Changes = 12;

    private static readonly XNamespace s_sma = SmaContract.Namespace;

    private static readonly string[] s_texts = ["property", "sdp", "candidate", "title", "text", "result", "rejected", "csr", "certificate", "authority", "error"];

    private static readonly string[] s_values =
    [
        "", " ", "0", "1", "-1", "+1", "-0", " 7 ", "\n7\t", "007", "1.5", ".5", "5.", "1e3", "1,5", "\u0661", "255", "256", "65535", "65536", "604800", "604801", "4294967295", "4294967296",
        "9223372036854775807", "9223372036854775808", "18446744073709551616", "79228162514264337593543950336", "0.00000000000000000000000000000000001", "NaN", "INF", "true", "false", "TRUE", " true ", "yes", "never", " never ",
        "00000000000000005", "2026-11-21T08:15:28Z", "2026-11-21T08:15:28.1234567Z", "2026-11-21T08:15:28.12345678Z", "2026-11-21T08:15:28.Z", "2026-11-21T08:15:60Z", "2026-11-21T24:00:00Z", "2026-02-30T08:15:28Z",
        "2024-02-29T08:15:28.5Z", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00Z", "2200-01-01T00:00:00Z", "2026-11-21T08:15:28+00:00", "2026-11-21T08:15:28", "2026-11-21 08:15:28Z", " 2026-11-21T08:15:28.120Z ",
        "22:30", "24:00", "23:60", "7:30", " 22:30 ", "                    22:30", "a", " a ", "a b", "\u00e4", "a/b", "mon", "mon tue", "mon,tue", "mon mon", "away", "Away", " away ", "done",
        "alarm", "set", "unset", "all", "eq", "filter", "1 2 3", "1  2", "1 256", "1 65536", "+1 2", ":", "##", "a##b", "http://[::1", "http://x y/", "%zz", "//", "\U0001F600",
        new string('a', 64), new string('a', 65), new string('0', 64), new string('A', 64), " " + new string('0', 64) + "  \n", new string('g', 64), new string('b', 200), new string('b', 201), new string('c', 2048),
        new string('c', 2049), new string('d', 4096), new string('d', 4097), string.Join(' ', Enumerable.Repeat("a", 64)), string.Join(' ', Enumerable.Repeat("a", 65)), string.Join(' ', Enumerable.Repeat("1", 256)),
        string.Join(' ', Enumerable.Repeat("1", 257)), string.Join(' ', Enumerable.Repeat("mon", 7)), string.Join(' ', Enumerable.Repeat("mon", 8)), string.Concat(Enumerable.Repeat("\U0001F600", 100)),
    ];

    public static TheoryData<string> Sorts => [.. RandomMessages.Sorts];

    [Theory]
    [MemberData(nameof(Sorts))]
    public void What_our_writer_writes_is_valid_is_read_and_is_written_the_same_again(string sort)
    {
        var messages = new RandomMessages(17);
        for (int i = 0; i < Documents; i++)
        {
            byte[] document = messages.Document(sort);
            if (document.Length > XmlLimits.Default.Characters)
                continue;
            Assert.True(ContractTests.Validate(document) is [], $"{i}: {string.Join(' ', ContractTests.Validate(document))}\n{Encoding.UTF8.GetString(document)}");
            Assert.True(TryRead(document, out byte[] again, out string fault), $"{i}: {fault}\n{Encoding.UTF8.GetString(document)}");
            Assert.Equal(Encoding.UTF8.GetString(document), Encoding.UTF8.GetString(again));
        }
    }

    [Theory]
    [MemberData(nameof(Sorts))]
    public void Reader_and_schema_agree_on_every_changed_document(string sort)
    {
        var messages = new RandomMessages(23);
        var random = new Random(23);
        int valid = 0, refused = 0;
        var disagreements = new List<string>();
        for (int i = 0; i < Documents; i++)
        {
            byte[] original = messages.Document(sort);
            for (int n = 0; n < Changes; n++)
            {
                XDocument document = XDocument.Load(new MemoryStream(original), LoadOptions.PreserveWhitespace);
                string change = Change(document, random);
                byte[] changed = Write(document);
                List<string> faults = ContractTests.Validate(changed, warnings: false);
                bool isRead = TryRead(changed, out _, out string fault);
                // A schema does not bound a document as a whole.
                if (fault.StartsWith("The document has too many ", StringComparison.Ordinal) || fault.StartsWith("The document is larger ", StringComparison.Ordinal))
                    continue;
                _ = faults.Count == 0 ? valid++ : refused++;
                if (isRead != (faults.Count == 0))
                    disagreements.Add($"{change}: the reader says {(isRead ? "good" : fault)}, the schema {(faults.Count == 0 ? "good" : faults[0])}");
            }
        }

        Assert.True(disagreements.Count == 0, $"{disagreements.Count} of {valid + refused}:\n{string.Join('\n', disagreements.Distinct().Take(40))}");
        Assert.True(valid > 50, $"{valid} valid");
        Assert.True(refused > 50, $"{refused} refused");
    }

    [Theory]
    [InlineData("mon\u00a0tue")]
    [InlineData("mon\u2003tue")]
    [InlineData("\u00a0mon")]
    public void Only_what_xml_calls_white_space_separates_the_items_of_a_list(string days)
    {
        // .NET's validator splits lists at any white space that Unicode knows; the schema's language does not.
        byte[] document = Encoding.UTF8.GetBytes($"<events xmlns=\"urn:mediarelay:sma:1\" gateway=\"g\" epoch=\"e\"><event id=\"a\" seq=\"1\" time=\"2026-11-21T08:15:28Z\" kind=\"directive.state\"><directive id=\"d\" version=\"1\" days=\"{days}\"/></event></events>");
        Assert.True(SmaReader.TryReadEvents(document, out EventBatch batch, out _));
        Assert.Equal("The attribute days is not a list of mon tue wed thu fri sat sun.", Assert.Single(batch.Rejected).Text);
    }

    /// <summary>Changes one place: the value of an attribute or text, or whether the attribute or element is there, once or twice.</summary>
    private static string Change(XDocument document, Random random)
    {
        XElement[] elements = [.. document.Descendants()];
        XElement element = elements[random.Next(elements.Length)];
        XAttribute[] attributes = [.. element.Attributes().Where(one => !one.IsNamespaceDeclaration)];
        int what = random.Next(12);
        if (what == 0 && attributes.Length > 0)
        {
            XAttribute gone = attributes[random.Next(attributes.Length)];
            gone.Remove();
            return $"{element.Name.LocalName} without {gone.Name}";
        }

        if (what == 1 && element.Parent is not null)
        {
            element.Remove();
            return $"without {element.Name.LocalName}";
        }

        if (what == 2 && element.Parent is not null)
        {
            int more = random.Next(4) == 0 ? 70 : 1;
            for (int i = 0; i < more; i++)
                element.AddAfterSelf(new XElement(element));
            return $"{element.Name.LocalName} {more} times more";
        }

        if (what == 3 && element.Name.LocalName is "event" or "instruction" or "device" or "hello" or "welcome")
        {
            element.Add(new XElement("{urn:vendor}more", new XAttribute("x", "1"), "text"));
            return $"{element.Name.LocalName} with something of a vendor's";
        }

        string value = s_values[random.Next(s_values.Length)];
        if ((attributes.Length == 0 || what < 6) && s_texts.Contains(element.Name.LocalName))
        {
            element.Value = value;
            return $"{element.Name.LocalName} = {Short(value)}";
        }

        if (attributes.Length == 0)
            return "nothing";
        XAttribute attribute = attributes[random.Next(attributes.Length)];
        // The validator refuses an address of white space alone, and takes an empty one; white space does not count in it.
        if (value == " " && (attribute.Name.LocalName == "url" || element.Name.LocalName == "error"))
            value = "";
        attribute.Value = value;
        return $"{element.Name.LocalName}/@{attribute.Name} = {Short(value)}";
    }

    private static string Short(string value) => value.Length > 40 ? $"\"{value[..40]}\" ({value.Length})" : $"\"{value}\"";

    private static byte[] Write(XDocument document)
    {
        using var stream = new MemoryStream();
        using (var writer = XmlWriter.Create(stream, new XmlWriterSettings { Encoding = new UTF8Encoding(false), NewLineHandling = NewLineHandling.Entitize, OmitXmlDeclaration = true }))
            document.Save(writer);
        return stream.ToArray();
    }

    /// <summary>Reads a document and writes it again; true when the whole of it is taken: in lists of messages one that is passed over counts as refused.</summary>
    internal static bool TryRead(byte[] document, out byte[] again, out string text)
    {
        var x = new XmlOutput();
        bool isRead;
        SmaFault fault;
        string start = Encoding.UTF8.GetString(document, 0, Math.Min(document.Length, 20));
        switch (start[1..start.IndexOf(' ', StringComparison.Ordinal)])
        {
            case "events":
                isRead = SmaReader.TryReadEvents(document, out EventBatch events, out fault);
                if (isRead)
                    SmaWriter.WriteEvents(x, events.Gateway, events.Epoch, events.Events);
                if (isRead && events.Rejected.Count > 0)
                    (isRead, fault) = (false, new SmaFault(events.Rejected[0].Code, 0, events.Rejected[0].Text));
                break;
            case "instructions":
                isRead = SmaReader.TryReadInstructions(document, out InstructionBatch instructions, out fault);
                if (isRead)
                    SmaWriter.WriteInstructions(x, instructions);
                if (isRead && instructions.Instructions.Count != XDocument.Load(new MemoryStream(document)).Root!.Elements(s_sma + "instruction").Count())
                    (isRead, fault) = (false, new SmaFault(SmaFault.Schema, 0, "An instruction was passed over."));
                break;
            case "accepted":
                isRead = SmaReader.TryReadAccepted(document, out EventsAccepted accepted, out fault);
                if (isRead)
                    SmaWriter.WriteAccepted(x, accepted);
                if (isRead && (accepted.Instructions?.Instructions.Count ?? 0) != XDocument.Load(new MemoryStream(document)).Descendants(s_sma + "instruction").Count())
                    (isRead, fault) = (false, new SmaFault(SmaFault.Schema, 0, "An instruction was passed over."));
                break;
            case "hello":
                isRead = SmaReader.TryReadHello(document, out Hello hello, out fault);
                if (isRead)
                    SmaWriter.WriteHello(x, hello);
                break;
            case "welcome":
                isRead = SmaReader.TryReadWelcome(document, out Welcome welcome, out fault);
                if (isRead)
                    SmaWriter.WriteWelcome(x, welcome);
                break;
            case "enrol":
                isRead = SmaReader.TryReadEnrol(document, out EnrolRequest enrol, out fault);
                if (isRead)
                    SmaWriter.WriteEnrol(x, enrol);
                break;
            case "enrolled":
                isRead = SmaReader.TryReadEnrolled(document, out EnrolAnswer enrolled, out fault);
                if (isRead)
                    SmaWriter.WriteEnrolled(x, enrolled);
                break;
            default:
                isRead = SmaReader.TryReadError(document, out ErrorDocument error, out fault);
                if (isRead)
                    SmaWriter.WriteError(x, error);
                break;
        }

        again = x.Written.ToArray();
        text = fault.Text ?? "";
        return isRead;
    }
}
