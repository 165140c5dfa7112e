namespace Tidemark.Coordination.Consumer.Expressions;

/// <summary>The sets of characters that have names in RE2, as far as they are ASCII.</summary>
internal static class CharacterSets
{
    public static readonly UInt128 None = UInt128.Zero;
    public static readonly UInt128 Any = UInt128.MaxValue;
    public static readonly UInt128 Digits = Range('0', '9');
    public static readonly UInt128 Upper = Range('A', 'Z');
    public static readonly UInt128 Lower = Range('a', 'z');
    public static readonly UInt128 Word = Digits | Upper | Lower | One('_');
    public static readonly UInt128 Space = Of("\t\n\f\r ");

    private static readonly UInt128 Controls = Range('\0', '\x1f') | One('\x7f');
    private static readonly UInt128 Punctuation = Range('!', '/') | Range(':', '@') | Range('[', '`') | Range('{', '~');
    private static readonly UInt128 Symbols = Of("$+<=>^`|~");

    /// <summary>The scripts of Unicode; only Latin and Common have anything in ASCII.</summary>
    private static readonly HashSet<string> Scripts = new(StringComparer.Ordinal)
    {
        "Adlam", "Ahom", "Anatolian_Hieroglyphs", "Arabic", "Armenian", "Avestan", "Balinese", "Bamum", "Bassa_Vah", "Batak", "Bengali", "Bhaiksuki", "Bopomofo", "Brahmi", "Braille",
        "Buginese", "Buhid", "Canadian_Aboriginal", "Carian", "Caucasian_Albanian", "Chakma", "Cham", "Cherokee", "Chorasmian", "Coptic", "Cuneiform", "Cypriot", "Cyrillic", "Deseret",
        "Devanagari", "Dives_Akuru", "Dogra", "Duployan", "Egyptian_Hieroglyphs", "Elbasan", "Elymaic", "Ethiopic", "Georgian", "Glagolitic", "Gothic", "Grantha", "Greek", "Gujarati",
        "Gunjala_Gondi", "Gurmukhi", "Han", "Hangul", "Hanifi_Rohingya", "Hanunoo", "Hatran", "Hebrew", "Hiragana", "Imperial_Aramaic", "Inherited", "Inscriptional_Pahlavi",
        "Inscriptional_Parthian", "Javanese", "Kaithi", "Kannada", "Katakana", "Kayah_Li", "Kharoshthi", "Khitan_Small_Script", "Khmer", "Khojki", "Khudawadi", "Lao", "Lepcha", "Limbu",
        "Linear_A", "Linear_B", "Lisu", "Lycian", "Lydian", "Mahajani", "Makasar", "Malayalam", "Mandaic", "Manichaean", "Marchen", "Masaram_Gondi", "Medefaidrin", "Meetei_Mayek",
        "Mende_Kikakui", "Meroitic_Cursive", "Meroitic_Hieroglyphs", "Miao", "Modi", "Mongolian", "Mro", "Multani", "Myanmar", "Nabataean", "Nandinagari", "New_Tai_Lue", "Newa", "Nko",
        "Nushu", "Nyiakeng_Puachue_Hmong", "Ogham", "Ol_Chiki", "Old_Hungarian", "Old_Italic", "Old_North_Arabian", "Old_Permic", "Old_Persian", "Old_Sogdian", "Old_South_Arabian",
        "Old_Turkic", "Oriya", "Osage", "Osmanya", "Pahawh_Hmong", "Palmyrene", "Pau_Cin_Hau", "Phags_Pa", "Phoenician", "Psalter_Pahlavi", "Rejang", "Runic", "Samaritan", "Saurashtra",
        "Sharada", "Shavian", "Siddham", "SignWriting", "Sinhala", "Sogdian", "Sora_Sompeng", "Soyombo", "Sundanese", "Syloti_Nagri", "Syriac", "Tagalog", "Tagbanwa", "Tai_Le",
        "Tai_Tham", "Tai_Viet", "Takri", "Tamil", "Tangut", "Telugu", "Thaana", "Thai", "Tibetan", "Tifinagh", "Tirhuta", "Ugaritic", "Vai", "Wancho", "Warang_Citi", "Yezidi", "Yi",
        "Zanabazar_Square",
    };

    public static UInt128 One(char c) => c < 128 ? UInt128.One << c : None;

    /// <summary>The ASCII part of a range.</summary>
    public static UInt128 Range(int from, int to)
    {
        UInt128 set = None;
        for (int c = from; c <= to && c < 128; c++)
        {
            set |= UInt128.One << c;
        }

        return set;
    }

    /// <summary>Both cases of every letter in the set.</summary>
    public static UInt128 Folded(UInt128 set) => set | ((set & Upper) << 32) | ((set & Lower) >> 32);

    /// <summary>The set of a class such as <c>[:alpha:]</c>, or null.</summary>
    public static UInt128? Posix(string name) => name switch
    {
        "alnum" => Digits | Upper | Lower,
        "alpha" => Upper | Lower,
        "ascii" => Any,
        "blank" => Of("\t "),
        "cntrl" => Controls,
        "digit" => Digits,
        "graph" => Range('!', '~'),
        "lower" => Lower,
        "print" => Range(' ', '~'),
        "punct" => Punctuation,
        "space" => Space | One('\v'),
        "upper" => Upper,
        "word" => Word,
        "xdigit" => Digits | Range('A', 'F') | Range('a', 'f'),
        _ => null,
    };

    /// <summary>The set of <c>\p{name}</c>, or null where there is no such category or script.</summary>
    public static UInt128? Unicode(string name) => name switch
    {
        "Any" => Any,
        "L" or "Latin" => Upper | Lower,
        "Lu" => Upper,
        "Ll" => Lower,
        "N" or "Nd" => Digits,
        "P" => Punctuation & ~Symbols,
        "Pc" => One('_'),
        "Pd" => One('-'),
        "Pe" => Of(")]}"),
        "Ps" => Of("([{"),
        "Po" => Of("!\"#%&'*,./:;?@\\"),
        "S" => Symbols,
        "Sc" => One('$'),
        "Sk" => Of("^`"),
        "Sm" => Of("+<=>|~"),
        "Z" or "Zs" => One(' '),
        "C" or "Cc" => Controls,
        "Common" => ~(Upper | Lower),
        "Lm" or "Lo" or "Lt" or "M" or "Mc" or "Me" or "Mn" or "Nl" or "No" or "Pf" or "Pi" or "So" or "Zl" or "Zp" or "Cf" or "Co" or "Cs" => None,
        _ => Scripts.Contains(name) ? None : null,
    };

    private static UInt128 Of(string characters) => characters.Aggregate(None, (set, c) => set | One(c));
}
