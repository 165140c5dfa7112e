using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Parsing;

/// <summary>
/// Reads a definition file: the summary comment, the first line, the kind's sections, and the structs that follow a section.
/// Fields are indented by two spaces; the fields of a struct stand below the first field of that type, or in a struct block.
/// </summary>
public sealed class DefinitionParser
{
    private readonly string _path;
    private readonly List<Problem> _problems = [];
    private readonly List<MessageModel> _messages = [];
    private readonly Lexer _lexer;
    private int _next;

    private DefinitionParser(string path, string text)
    {
        _path = path;
        _lexer = new Lexer(path, text);
    }

    public static DefinitionFile Parse(string path, string text)
    {
        var parser = new DefinitionParser(path, text);
        HeaderModel? header = parser.Run();
        return new DefinitionFile(
            path, header, new EquatableArray<MessageModel>([.. parser._messages]), new EquatableArray<Problem>([.. parser._problems]));
    }

    private HeaderModel? Run()
    {
        _lexer.Run();
        _problems.AddRange(_lexer.Problems);
        if (_lexer.Lines.Count == 0)
        {
            Fail(new Place(0, 0, 1), $"The file defines nothing; one of {DefinitionKinds.List} starts it.");
            return null;
        }

        if (_lexer.Summary.Length == 0)
        {
            Fail(new Place(0, 0, 1), "A comment that says what the message is for opens the file.");
        }

        HeaderModel? header = HeaderParser.Parse(Reader(_lexer.Lines[_next++]));
        if (header is null)
        {
            return null;
        }

        string[] sections = header.IsRetired ? [] : DefinitionKinds.Sections(header.Kind);
        foreach (string section in sections)
        {
            ParseSection(header, section);
        }

        if (_next < _lexer.Lines.Count)
        {
            Token extra = _lexer.Lines[_next].Tokens[0];
            Fail(extra.Place, $"'{extra.Text}' is not expected here; the sections of '{header.Kind}' are {string.Join(", ", sections)}.");
        }

        return header;
    }

    private void ParseSection(HeaderModel header, string section)
    {
        VersionRange versions = header.Versions;
        VersionRange flexible = header.Flexible;
        Place place = header.Place;
        var fields = new List<FieldModel>();
        var structs = new List<StructModel>();
        if (_next < _lexer.Lines.Count && _lexer.Lines[_next].Depth == 0 && _lexer.Lines[_next].Tokens[0].Text == section)
        {
            TokenReader line = Reader(_lexer.Lines[_next++]);
            place = line.Place;
            line.Take("the section");
            if (DefinitionKinds.VersionsStandWithSections(header.Kind))
            {
                line.TryTakeVersions(out versions);
                if (line.TryTake("flexible"))
                {
                    line.TryTakeVersions(out flexible);
                }
            }

            if (!line.AtEnd)
            {
                line.Fail(line.Place, $"Nothing else may follow '{section}' here.");
            }

            ParseFields(1, fields, structs);
            ParseStructs(structs);
        }
        else if (section != "fields")
        {
            Fail(_next < _lexer.Lines.Count ? _lexer.Lines[_next].Tokens[0].Place : header.Place, $"The section '{section}' is missing.");
        }

        string name = DefinitionKinds.ClassName(header.Name, section);
        var body = new StructModel(name, new EquatableArray<FieldModel>([.. fields]), place);
        _messages.Add(new MessageModel(
            name, _lexer.Summary, header.Key, versions, flexible, RoleOf(header, section), body, new EquatableArray<StructModel>([.. structs]), place));
    }

    private void ParseStructs(List<StructModel> structs)
    {
        while (_next < _lexer.Lines.Count && _lexer.Lines[_next] is { Depth: 0 } line && line.Tokens[0].Text == "struct")
        {
            _next++;
            TokenReader reader = Reader(line);
            reader.Take("struct");
            Place place = reader.Place;
            string name = reader.TakeName("the struct's name") ?? "";
            if (!reader.AtEnd)
            {
                reader.Fail(reader.Place, "Nothing may follow the struct's name.");
            }

            var fields = new List<FieldModel>();
            ParseFields(1, fields, structs);
            structs.Add(new StructModel(name, new EquatableArray<FieldModel>([.. fields]), place));
        }
    }

    private void ParseFields(int depth, List<FieldModel> fields, List<StructModel> structs)
    {
        while (_next < _lexer.Lines.Count && _lexer.Lines[_next].Depth >= depth)
        {
            SourceLine line = _lexer.Lines[_next++];
            if (line.Depth > depth)
            {
                Fail(line.Tokens[0].Place, "Indented more deeply than the field above it allows.");
                continue;
            }

            FieldModel? field = FieldParser.Parse(Reader(line));
            if (field is null)
            {
                SkipBelow(depth);
                continue;
            }

            fields.Add(field);
            if (_next < _lexer.Lines.Count && _lexer.Lines[_next].Depth == depth + 1 && field.Type.IsStruct)
            {
                var inner = new List<FieldModel>();
                int at = structs.Count;
                ParseFields(depth + 1, inner, structs);
                structs.Insert(at, new StructModel(field.Type.StructName, new EquatableArray<FieldModel>([.. inner]), field.Place));
            }
        }
    }

    private void SkipBelow(int depth)
    {
        while (_next < _lexer.Lines.Count && _lexer.Lines[_next].Depth > depth)
        {
            _next++;
        }
    }

    private static string RoleOf(HeaderModel header, string section) => section == "fields" ? header.Kind : header.Kind + " " + section;

    private TokenReader Reader(SourceLine line) => new(_path, line.Tokens, _problems);

    private void Fail(Place place, string message) => _problems.Add(new Problem(_path, place, Diagnostics.Syntax, message));
}
